// A job's ledger as a picture: every span, or, if there are more than a screen can show, neighbours as one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/range.h"
#include "daemon/core/core.h"
#include "daemon/core/limits.h"

namespace pq::core {

enum class SpanKind { free, leased, done, failed, mixed };

}  // namespace pq::core

template <>
inline constexpr std::array<std::string_view, 5> pq::enum_words<pq::core::SpanKind>{"free", "leased", "done",
                                                                                    "failed", "mixed"};

namespace pq::core {

struct SpanPicture {
  Range range;
  SpanKind kind = SpanKind::free;
  std::string agent = {};                       // leased: the holder
  std::uint64_t upto = 0;                       // leased: [begin, upto) is committed
  std::optional<UnixMs> granted_unix_ms = {};   // leased, if this head granted it
  std::optional<std::uint64_t> end_asked = {};  // leased: its holder is asked to end here
  std::uint32_t attempts_failed = 0;            // free, failed
  std::string error = {};                       // failed
  std::uint64_t done = 0;    // integers of a mixed one, committed parts of leases included …
  std::uint64_t leased = 0;  // … what its leases have still to do
  std::uint64_t failed = 0;
};

struct LedgerPicture {
  JobId job;
  Range range;
  std::vector<SpanPicture> spans;  // they tile the range, in order; limits::ledger_spans_told at most
  std::uint64_t spans_in_all = 0;
};

LedgerPicture picture_of(const Core& core, const Job& job);

}  // namespace pq::core
