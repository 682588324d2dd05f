#include "client/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/typography.h"
#include "common/values/check.h"

namespace pq::client {
namespace {

constexpr std::size_t gap = 2;

// `is_there`: which columns are shown.
std::string line_of(const std::vector<Cell>& cells, const std::vector<Column>& columns,
                    const std::vector<std::size_t>& widths, const std::vector<bool>& is_there) {
  std::string line;
  std::size_t owed = 0;  // spaces that are written only if something follows
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!is_there[i]) continue;
    const std::size_t rest = widths[i] - columns_of(cells[i].text);
    const bool is_right = columns[i].align == Align::right;
    if (!cells[i].text.empty()) {
      line.append(owed + (is_right ? rest : 0), ' ').append(painted(cells[i]));
      owed = 0;
    }
    owed += cells[i].text.empty() ? widths[i] : is_right ? 0 : rest;
    owed += gap;
  }
  return line;
}

std::vector<bool> columns_that_fit(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                                   std::size_t columns_max) {
  std::vector<bool> is_there(columns.size(), true);
  std::size_t total = 0;
  for (const std::size_t width : widths) total += width + gap;
  while (total > gap && total - gap > columns_max) {
    const auto cost = [&](std::size_t i) { return is_there[i] ? columns[i].dispensable : 0; };
    std::size_t next = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (cost(i) > cost(next)) next = i;
    }
    if (cost(next) == 0) break;
    is_there[next] = false;
    total -= widths[next] + gap;
  }
  return is_there;
}

}  // namespace

std::string painted(const Cell& cell) {
  return cell.colour.empty() ? cell.text : fmt::format("\x1b[{}m{}\x1b[0m", cell.colour, cell.text);
}

std::vector<std::string> table_lines(const std::vector<Column>& columns,
                                     const std::vector<std::vector<Cell>>& rows, std::size_t columns_max) {
  std::vector<std::size_t> widths;
  std::vector<Cell> titles;
  for (const Column& column : columns) {
    widths.push_back(columns_of(column.title));
    titles.push_back({std::string(column.title)});
  }
  for (const auto& row : rows) {
    check(row.size() == columns.size(), "a_row_has_a_cell_for_each_column");
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i].text));
  }
  const std::vector<bool> is_there = columns_that_fit(columns, widths, columns_max);
  std::vector<std::string> lines = {line_of(titles, columns, widths, is_there)};
  for (const auto& row : rows) lines.push_back(line_of(row, columns, widths, is_there));
  return lines;
}

std::string table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows) {
  std::string text;
  for (const std::string& line : table_lines(columns, rows, std::string::npos)) text += line + '\n';
  return text;
}

}  // namespace pq::client
