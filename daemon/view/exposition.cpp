#include "daemon/view/exposition.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "common/values/check.h"
#include "common/values/text.h"

namespace pq::view {
namespace {

// Quoted, with quotes and backslashes escaped. printable() has removed line ends.
void append_value(std::string& text, std::string_view value) {
  text += '"';
  for (const char character : printable(value)) {
    if (character == '"' || character == '\\') text += '\\';
    text += character;
  }
  text += '"';
}

void append_labels(std::string& text, const MetricLabels& labels) {
  char separator = '{';
  for (const MetricLabel& label : labels) {
    text += separator;
    text += label.name;
    text += '=';
    append_value(text, label.value);
    separator = ',';
  }
  if (!labels.empty()) text += '}';
}

// Infinities and NaN as Prometheus writes them.
std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);  // the fewest digits that identify the number
}

void append_sample(std::string& text, std::string_view name, std::string_view suffix,
                   const MetricLabels& labels, std::string_view value) {
  text += name;
  text += suffix;
  append_labels(text, labels);
  text += ' ';
  text += value;
  text += '\n';
}

}  // namespace

Exposition::Family& Exposition::Family::add(double value, const MetricLabels& labels) {
  append_sample(text_, name_, "", labels, number(value));
  return *this;
}

Exposition::Family& Exposition::Family::add(std::uint64_t value, const MetricLabels& labels) {
  append_sample(text_, name_, "", labels, fmt::format("{}", value));
  return *this;
}

Exposition::Family Exposition::open(std::string_view name, std::string_view help, std::string_view type) {
  const auto [place, is_new] = families_.try_emplace(name);
  check(is_new, "a family of metrics is opened once");
  std::string& text = place->second;
  fmt::format_to(std::back_inserter(text), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  return {text, place->first};
}

void Exposition::add_histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                               std::span<const std::uint64_t> within, std::uint64_t count, double sum) {
  std::string& text = open(name, help, "histogram").text_;
  std::uint64_t upto = 0;  // each bucket counts all that are smaller, too
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    upto += within[i];
    append_sample(text, name, "_bucket", {{"le", number(bounds[i])}}, fmt::format("{}", upto));
  }
  append_sample(text, name, "_bucket", {{"le", "+Inf"}}, fmt::format("{}", count));
  append_sample(text, name, "_sum", {}, number(sum));
  append_sample(text, name, "_count", {}, fmt::format("{}", count));
}

std::string Exposition::text() const {
  std::string all;
  for (const auto& [name, text] : families_) all += text;
  return all;
}

}  // namespace pq::view
