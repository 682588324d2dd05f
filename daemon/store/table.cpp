#include "daemon/store/table.h"

#include <fmt/format.h>

#include <variant>
#include <vector>

namespace pq::store {
namespace {

std::string where_sql(const Table& table, int keys_given) {
  std::string sql;
  for (int key = 0; key < keys_given; ++key) {
    sql +=
        fmt::format("{}{} = ?", key == 0 ? " WHERE " : " AND ", table.columns[static_cast<std::size_t>(key)]);
  }
  return sql;
}

}  // namespace

// ---------------------------------------------------------------- SQL

std::string select_sql(const Table& table, int keys_given) {
  const auto key = table.columns.first(static_cast<std::size_t>(table.key_columns));
  return fmt::format("SELECT {} FROM {}{} ORDER BY {}", fmt::join(table.columns, ", "), table.name,
                     where_sql(table, keys_given), fmt::join(key, ", "));
}

std::string put_sql(const Table& table) {
  const auto key_columns = static_cast<std::size_t>(table.key_columns);
  const std::vector<std::string_view> parameters(table.columns.size(), "?");
  std::vector<std::string> overwritten;
  for (const std::string_view column : table.columns.subspan(key_columns)) {
    overwritten.push_back(fmt::format("{0} = excluded.{0}", column));
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}", table.name,
                     fmt::join(table.columns, ", "), fmt::join(parameters, ", "),
                     fmt::join(table.columns.first(key_columns), ", "), fmt::join(overwritten, ", "));
}

std::string erase_sql(const Table& table, int keys_given) {
  return fmt::format("DELETE FROM {}{}", table.name, where_sql(table, keys_given));
}

// ---------------------------------------------------------------- RowReader

std::string RowReader::text() {
  expect(Statement::Type::text, "is no text");
  return std::string(row_.text(column_++));
}

std::string RowReader::bytes() {
  expect(Statement::Type::blob, "is no blob");
  return std::string(row_.blob(column_++));
}

std::optional<std::string> RowReader::maybe_text() {
  if (skip_null()) return std::nullopt;
  return text();
}

std::optional<Value> RowReader::maybe_value() {
  switch (row_.type(column_)) {
    case Statement::Type::null:
      ++column_;
      return std::nullopt;
    case Statement::Type::integer:
      return Value(Int128{row_.integer(column_++)});
    case Statement::Type::real:
      return Value(row_.real(column_++));
    case Statement::Type::text:
      return wide_integer();
    case Statement::Type::blob:
      return sum();
  }
  refuse("is no value");
}

Value RowReader::wide_integer() {
  const std::optional<Value> value = parse_value(row_.text(column_));
  if (!value || !std::holds_alternative<Int128>(*value)) refuse("is no value");
  ++column_;
  return *value;
}

// This program writes each value in one form only, so another form came from elsewhere.
Value RowReader::sum() {
  const std::string_view stored = row_.blob(column_);
  const std::optional<Value> value = read_sum(stored);
  const auto* const sum = value ? std::get_if<ExactSum>(&*value) : nullptr;
  if (sum == nullptr || sum->bytes() != stored) refuse("is no value");
  ++column_;
  return *value;
}

void RowReader::nothing(int columns) {
  for (; columns > 0; --columns) {
    if (!skip_null()) refuse("should be empty");
  }
}

void RowReader::refuse(std::string_view why) const {
  std::string where = fmt::format("table {}", table_.name);
  for (int key = 0; key < table_.key_columns; ++key) {
    where += row_.type(key) == Statement::Type::text
                 ? fmt::format(", {} {}", row_.name(key), row_.text(key))
                 : fmt::format(", {} {}", row_.name(key), static_cast<std::uint64_t>(row_.integer(key)));
  }
  throw SqliteError(SqliteError::Kind::damaged,
                    fmt::format("{}: column {} {}", where, row_.name(column_), why));
}

void RowReader::expect(Statement::Type type, std::string_view otherwise) const {
  if (row_.type(column_) != type) refuse(otherwise);
}

bool RowReader::skip_null() {
  if (row_.type(column_) != Statement::Type::null) return false;
  ++column_;
  return true;
}

}  // namespace pq::store
