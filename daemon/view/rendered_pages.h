// The pages of one snapshot. The first reader renders a page: a hundred dashboards of the same fleet cost one
// rendering. Pages are freed with their snapshot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/view/http_answer.h"

namespace pq::view {

class RenderedPages {
 public:
  RenderedPages() = default;
  // A copy of a snapshot may be changed into another one, so it begins without pages.
  RenderedPages(const RenderedPages& /*other*/) {}
  RenderedPages& operator=(const RenderedPages& /*other*/) { return *this; }
  ~RenderedPages() = default;

  // On any thread. REQUIRES: `render` always makes the same page for one key, and there are few keys.
  std::shared_ptr<const HttpAnswer> page(const std::string& key,
                                         const std::function<HttpAnswer()>& render) const;

 private:
  struct Page {
    std::once_flag rendered;
    HttpAnswer answer;
  };

  mutable std::mutex mutex_;  // held for moments only
  mutable std::map<std::string, std::shared_ptr<Page>> pages_;
};

}  // namespace pq::view
