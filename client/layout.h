// Fits text to a terminal, and notes what did not fit. Values in, lines out. Colours (SGR sequences) take no
// room and end with their line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/rooms.h"

namespace pq::client {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t lines = 24;
  friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};

// A part of a screen: a heading, and rows, of which as many are shown as fit.
struct Section {
  std::vector<std::string> heading = {};
  std::vector<std::string> rows = {};
  std::string noun = "line";  // what a row is: "… 12 more jobs"
  std::size_t left_out = 0;   // rows that are not even here, after those that are
};

// The whole line, or its beginning and "…" in at most `columns` columns (at least 1).
std::string cut(const std::string& line, std::size_t columns);

// The sections below each other, in at most size.lines lines of at most size.columns columns. A blank line
// separates them if all fits, or if there are three lines for each section. Sections that need less than
// their share of the lines leave the rest to the others. Empty sections are left out.
std::vector<std::string> laid_out(const std::vector<Section>& sections, TerminalSize size);

// Words in lines of at most `columns` columns. The first line begins with `first`, the others are indented to
// match. A longer word has a line of its own.
std::vector<std::string> wrapped(std::string_view first, std::string_view text, std::size_t columns);

}  // namespace pq::client
