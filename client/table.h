// Text in aligned columns, two spaces apart: words to the left, numbers to the right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pq {

enum class Align { left, right };

struct Column {
  std::string_view title;
  Align align = Align::left;
};

struct Cell {
  std::string text;
  std::string_view colour = {};  // an SGR number such as "32"; it takes no room
};

// The titles and one line a row; every row has a cell for each column. Nothing trails the last word of a
// line.
std::string table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows);

std::string painted(const Cell& cell);

}  // namespace pq
