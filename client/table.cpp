#include "client/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/typography.h"
#include "common/check.h"

namespace pq {
namespace {

std::string line_of(const std::vector<Cell>& cells, const std::vector<Column>& columns,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  std::size_t owed = 0;  // spaces that are written only if something follows
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t rest = widths[i] - columns_of(cells[i].text);
    const bool is_right = columns[i].align == Align::right;
    if (!cells[i].text.empty()) {
      line.append(owed + (is_right ? rest : 0), ' ').append(painted(cells[i]));
      owed = 0;
    }
    owed += cells[i].text.empty() ? widths[i] : is_right ? 0 : rest;
    owed += 2;
  }
  return line + '\n';
}

}  // namespace

std::string painted(const Cell& cell) {
  return cell.colour.empty() ? cell.text : fmt::format("\x1b[{}m{}\x1b[0m", cell.colour, cell.text);
}

std::string table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows) {
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
  std::string text = line_of(titles, columns, widths);
  for (const auto& row : rows) text += line_of(row, columns, widths);
  return text;
}

}  // namespace pq
