// Text in aligned columns, two spaces apart: words to the left, numbers to the right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/rooms.h"

namespace pq::client {

enum class Align { left, right };

struct Column {
  std::string_view title;
  Align align = Align::left;
  int dispensable = 0;  // where there is too little room, the highest goes first; 0 stays
};

struct Cell {
  std::string text;
  std::string_view colour = {};  // an SGR number such as "32"; it takes no room
};

// The titles, then one line per row, without the columns that do not fit into `columns_max` columns. Columns
// that must stay may exceed that width.
std::vector<std::string> table_lines(const std::vector<Column>& columns,
                                     const std::vector<std::vector<Cell>>& rows, std::size_t columns_max);

// The titles and one line per row. Every row has a cell for each column. Nothing follows the last word of a
// line.
std::string table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows);

std::string painted(const Cell& cell);

}  // namespace pq::client
