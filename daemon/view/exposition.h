// Text in Prometheus's format 0.0.4. Families are ordered by name, each with one HELP and one TYPE. Samples
// of a family keep the order in which they were added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/view/measures.h"

namespace pq::view {

struct MetricLabel {
  std::string_view name;   // [a-z_]+
  std::string_view value;  // any bytes; those that are not printable UTF-8 become '?'
};

using MetricLabels = std::vector<MetricLabel>;

class Exposition {
 public:
  // Opens one family, then add its samples. `name` and `help` are ours and need no escaping; `name` includes
  // its unit. Valid until the next family is opened.
  class Family {
   public:
    Family& add(double value, const MetricLabels& labels = {});
    Family& add(std::uint64_t value, const MetricLabels& labels = {});

   private:
    friend class Exposition;
    Family(std::string& text, std::string_view name) : text_(text), name_(name) {}
    std::string& text_;
    std::string_view name_;
  };

  Family counter(std::string_view name, std::string_view help) { return open(name, help, "counter"); }
  Family gauge(std::string_view name, std::string_view help) { return open(name, help, "gauge"); }

  template <std::size_t bounds_count>
  void histogram(std::string_view name, std::string_view help, const Histogram<bounds_count>& measured) {
    add_histogram(name, help, measured.bounds(), measured.within(), measured.count(), measured.sum());
  }

  std::string text() const;

 private:
  Family open(std::string_view name, std::string_view help, std::string_view type);
  void add_histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                     std::span<const std::uint64_t> within, std::uint64_t count, double sum);

  std::map<std::string_view, std::string> families_;  // by name; names are literals
};

}  // namespace pq::view
