// What all tables have in common: the three statements that a row store needs, made from the list of columns,
// and a reader of rows. Reading is total: a row that pq cannot have written is an SqliteError (damaged) that
// names its table, its key and the column.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/value.h"
#include "daemon/sqlite.h"

namespace pq {

// Its columns in the order in which rows are bound and read, those of the primary key first.
struct Table {
  std::string_view name;
  int key_columns = 0;
  std::span<const std::string_view> columns;
};

// SELECT all columns, ordered by key, of the rows in which the first `keys_given` key columns equal the
// parameters.
std::string select_sql(const Table& table, int keys_given = 0);

// Inserts a row, or overwrites the one with its primary key and only that one: a row that collides in another
// unique index is a failure, where INSERT OR REPLACE would delete the other row without a word.
std::string put_sql(const Table& table);

// DELETE the rows in which the first `keys_given` key columns equal the parameters.
std::string erase_sql(const Table& table, int keys_given);

// Reads the current row of a statement of select_sql, column after column.
class RowReader {
 public:
  RowReader(const Statement& row, const Table& table) : row_(row), table_(table) {}

  template <std::integral T>
  T integer() {
    expect(Statement::Type::integer, "is no integer");
    const std::int64_t stored = row_.integer(column_);
    // 64 bits are 64 bits, signed or not; a narrower integer must be within its bounds.
    if (sizeof(T) < sizeof(stored) && !std::in_range<T>(stored)) refuse("is out of bounds");
    ++column_;
    return static_cast<T>(stored);
  }

  template <std::unsigned_integral T>
  T positive() {
    if (row_.integer(column_) == 0) refuse("is out of bounds");
    return integer<T>();
  }

  std::string text();
  std::string bytes();

  template <class Word>
  Word word(std::optional<Word> (*parse)(std::string_view)) {
    expect(Statement::Type::text, "is no text");
    std::optional<Word> parsed = parse(row_.text(column_));
    if (!parsed) refuse("has an unknown word");
    ++column_;
    return *std::move(parsed);
  }

  template <std::integral T>
  std::optional<T> maybe_integer() {
    if (skip_null()) return std::nullopt;
    return integer<T>();
  }

  std::optional<std::string> maybe_text();
  std::optional<Value> maybe_value();

  // The next `columns` columns say nothing in a row of this kind.
  void nothing(int columns = 1);

  // `why` goes on after the name of the current column.
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  void expect(Statement::Type type, std::string_view otherwise) const;
  bool skip_null();
  Value wide_integer();

  const Statement& row_;
  const Table& table_;
  int column_ = 0;
};

}  // namespace pq
