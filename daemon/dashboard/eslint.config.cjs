// What eslint checks in the dashboard and its tests; the test `eslint` runs it.
const js = require('@eslint/js');
const globals = require('globals');

module.exports = [
  js.configs.recommended,
  {
    languageOptions: {ecmaVersion: 2022, sourceType: 'module'},
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    rules: {
      eqeqeq: 'error',
      'no-implicit-globals': 'error',
      'no-shadow': 'error',
      'no-unused-vars': ['error', {argsIgnorePattern: '^_'}],
      'no-use-before-define': ['error', {functions: false, classes: false, variables: false}],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
    },
  },
  {files: ['daemon/dashboard/**'], languageOptions: {globals: {...globals.browser, Chart: 'readonly'}}},
  {files: ['tests/dashboard/**'], languageOptions: {globals: globals.node}},
  {files: ['**/*.cjs'], languageOptions: {sourceType: 'commonjs', globals: globals.node}},
];
