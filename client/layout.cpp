#include "client/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "client/typography.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

constexpr std::string_view escape = "\x1b[";

// How many bytes of an SGR sequence `text` begins with.
std::size_t colour_bytes(std::string_view text) {
  if (!text.starts_with(escape)) return 0;
  const std::size_t end = text.find('m', escape.size());
  return end == std::string_view::npos ? 0 : end + 1;
}

std::string more_text(const Section& section, std::size_t shown) {
  const std::size_t count = section.rows.size() - shown + section.left_out;
  return "… " + count_of(count, (shown == 0 ? "" : "more ") + section.noun);
}

// All rows of the section below its heading.
std::size_t lines_wanted(const Section& section) {
  return section.rows.size() + (section.left_out > 0 ? 1 : 0);
}

// Divides `room` lines among the sections' rows. A section that needs less than an even share leaves the rest
// to the others.
std::vector<std::size_t> shares_of(const std::vector<Section>& sections, std::size_t room) {
  std::vector<std::size_t> order(sections.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return lines_wanted(sections[left]) < lines_wanted(sections[right]);
  });
  std::vector<std::size_t> shares(sections.size());
  std::size_t sharers = sections.size();
  for (const std::size_t i : order) {
    shares[i] = std::min(lines_wanted(sections[i]), room / sharers);
    room -= shares[i];
    --sharers;
  }
  return shares;
}

void append(std::vector<std::string>& lines, const Section& section, std::size_t share) {
  lines.insert(lines.end(), section.heading.begin(), section.heading.end());
  if (share == 0) return;
  const bool all_fit = lines_wanted(section) <= share && section.left_out == 0;
  const std::size_t shown = all_fit ? section.rows.size() : share - 1;
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(section.rows[i]);
  if (!all_fit) lines.push_back(more_text(section, shown));
}

}  // namespace

std::string cut(const std::string& line, std::size_t columns) {
  std::size_t used = 0;
  std::size_t kept = 0;  // bytes after which one column is left
  bool has_colour = false;
  for (std::size_t at = 0; at < line.size();) {
    const std::string_view rest = std::string_view(line).substr(at);
    if (const std::size_t bytes = colour_bytes(rest)) {
      if (used < columns) has_colour = true;
      if (used < columns) kept = at + bytes;
      at += bytes;
      continue;
    }
    const Character next = first_character(rest);
    if (used + next.columns > columns) return line.substr(0, kept) + "…" + (has_colour ? "\x1b[0m" : "");
    used += next.columns;
    at += next.bytes;
    if (used < columns) kept = at;
  }
  return line;
}

std::vector<std::string> laid_out(const std::vector<Section>& sections, TerminalSize size) {
  std::vector<Section> there;
  std::size_t headings = 0;
  std::size_t wanted = 0;
  for (const Section& section : sections) {
    if (section.heading.empty() && lines_wanted(section) == 0) continue;
    headings += section.heading.size();
    wanted += lines_wanted(section);
    there.push_back(section);
  }
  if (there.empty()) return {};
  const std::size_t gaps = there.size() - 1;
  const bool is_spaced =
      headings + wanted + gaps <= size.lines || headings + gaps + 3 * there.size() <= size.lines;
  const std::size_t taken = headings + (is_spaced ? gaps : 0);
  const std::vector<std::size_t> shares = shares_of(there, size.lines - std::min(size.lines, taken));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (i > 0 && is_spaced) lines.emplace_back();
    append(lines, there[i], shares[i]);
  }
  lines.resize(std::min(lines.size(), size.lines));
  for (std::string& line : lines) line = cut(line, std::max<std::size_t>(size.columns, 1));
  return lines;
}

std::vector<std::string> wrapped(std::string_view first, std::string_view text, std::size_t columns) {
  const std::string indent(columns_of(first), ' ');
  std::vector<std::string> lines;
  std::string line(first);
  bool has_word = false;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (has_word && columns_of(line) + 1 + columns_of(word) > columns) {
      lines.push_back(std::move(line));
      line = indent;
      has_word = false;
    }
    if (has_word) line += ' ';
    line += word;
    has_word = true;
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace pq::client
