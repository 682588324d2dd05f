// Shared by all tables: the three statements that a table needs, made from its list of columns, and a reader
// of rows. Reading is total: a row that pq cannot have written is an SqliteError (damaged) that names table,
// key and column.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/values/value.h"
#include "daemon/store/sqlite.h"

namespace pq::store {

// The columns in the order in which rows are bound and read, primary key first.
struct Table {
  std::string_view name;
  int key_columns = 0;
  std::span<const std::string_view> columns;
};

// SELECT all columns, ordered by key, of the rows in which the first `keys_given` key columns equal the
// parameters.
std::string select_sql(const Table& table, int keys_given = 0);

// Inserts a row, or overwrites the one with its primary key. A row that collides in another unique index is a
// failure; INSERT OR REPLACE would silently delete the other row.
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
    // 64 bits are read as they are, signed or not. A narrower integer must be within its bounds.
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
  Word word(std::optional<Word> (*read)(std::string_view)) {
    expect(Statement::Type::text, "is no text");
    std::optional<Word> parsed = read(row_.text(column_));
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
  // The same for a word; nothing if the column is NULL.
  template <class Word>
  std::optional<Word> maybe_word(std::optional<Word> (*read)(std::string_view)) {
    if (skip_null()) return std::nullopt;
    return word(read);
  }
  std::optional<Value> maybe_value();

  // The next `columns` columns must be NULL in a row of this kind.
  void nothing(int columns = 1);

  // The error names the current column, then `why`.
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  void expect(Statement::Type type, std::string_view otherwise) const;
  bool skip_null();
  Value wide_integer();
  Value sum();

  const Statement& row_;
  const Table& table_;
  int column_ = 0;
};

}  // namespace pq::store
