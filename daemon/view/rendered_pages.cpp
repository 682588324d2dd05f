#include "daemon/view/rendered_pages.h"

namespace pq::view {

std::shared_ptr<const HttpAnswer> RenderedPages::page(const std::string& key,
                                                      const std::function<HttpAnswer()>& render) const {
  std::shared_ptr<Page> page;
  {
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<Page>& kept = pages_[key];
    if (!kept) kept = std::make_shared<Page>();
    page = kept;
  }
  std::call_once(page->rendered, [&] { page->answer = render(); });
  return {page, &page->answer};
}

}  // namespace pq::view
