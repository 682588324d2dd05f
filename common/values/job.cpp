#include "common/values/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/values/limits.h"
#include "common/values/text.h"

namespace pq {

bool is_label(const Label& label) {
  return !label.key.empty() && label.key.find('=') == std::string::npos &&
         label.key.size() <= limits::name_bytes_max && label.value.size() <= limits::text_bytes_max &&
         is_printable(label.key) && is_printable(label.value);
}

std::optional<Label> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Label label{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  if (!is_label(label)) return std::nullopt;
  return label;
}

Demand demand_of(const JobSpec& spec) {
  Demand demand{spec.kernel, std::max(spec.cpus, 1U), spec.require};
  std::sort(demand.require.begin(), demand.require.end());
  return demand;
}

std::optional<std::string> flaw_of(const JobSpec& spec) {
  if (spec.program.has_value() != (spec.kernel == Kernel::exec)) {
    return spec.program ? "a program is of kernel exec: leave out --kernel"
                        : "kernel exec needs a program: give it after --";
  }
  // The minimum of the parts' counts would depend on where the range was cut.
  if (!spec.program && spec.fold != Fold::sum) {
    return fmt::format("--fold {} is for a program of your own: what pq counts itself is summed",
                       to_text(spec.fold));
  }
  if (spec.cpus == 0 || spec.cpus > limits::slots_max)
    return fmt::format("--cpus {} is not a number from 1 to {}", spec.cpus, limits::slots_max);
  if (spec.cpus > 1 && spec.program && spec.program->express) {
    return fmt::format("--express runs beside the slots and holds none: leave out --cpus {} or --express",
                       spec.cpus);
  }
  if (spec.require.size() > limits::labels_max)
    return fmt::format("more than {} times --require", limits::labels_max);
  for (const Label& label : spec.require) {
    if (!is_label(label))
      return fmt::format("--require {}={} is not a label", printable(label.key), printable(label.value));
  }
  return spec.program ? flaw_of(*spec.program) : std::nullopt;
}

std::uint64_t run_boundary(const Range& range, std::uint64_t run_width, std::uint64_t at) {
  if (at >= range.end || run_width == 0) return std::min(at, range.end);
  const std::uint64_t beyond = (at - range.begin) % run_width;
  if (beyond == 0) return at;
  return range.end - at > run_width - beyond ? at + (run_width - beyond) : range.end;
}

}  // namespace pq
