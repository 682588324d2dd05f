// One request that has come and its answer, as bytes: what the HTTP library reads from and writes to, instead
// of a socket that may be slow.
#pragma once

#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace pq {

class Exchange final : public httplib::Stream {
 public:
  explicit Exchange(std::string request) : request_(std::move(request)) {}

  // What the library has written.
  std::string take_answer() { return std::move(answer_); }

  // ---- for the HTTP library
  bool is_readable() const override { return taken_ < request_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* bytes, std::size_t size) override {
    const std::size_t count = std::min(size, request_.size() - taken_);
    std::copy_n(request_.data() + taken_, count, bytes);
    taken_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    answer_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  int socket() const override { return -1; }

 private:
  std::string request_;
  std::size_t taken_ = 0;
  std::string answer_;
};

}  // namespace pq
