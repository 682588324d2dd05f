// The pages of one snapshot, each rendered once, by whoever asks for it first: a hundred dashboards that look
// at the same fleet cost one rendering. They are freed with the snapshot that they are kept in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/http/http_answer.h"

namespace pq {

class RenderedPages {
 public:
  RenderedPages() = default;
  // A copy of a snapshot may become another one, so it begins with no pages.
  RenderedPages(const RenderedPages& /*other*/) {}
  RenderedPages& operator=(const RenderedPages& /*other*/) { return *this; }
  ~RenderedPages() = default;

  // On any thread. REQUIRES: `render` makes the same of the same key each time, and keys are few.
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

}  // namespace pq
