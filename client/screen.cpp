#include "client/screen.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace pq {

namespace {

constexpr std::size_t columns_usual = 80;

void write_to(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

}  // namespace

Screen::Screen() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

Screen::~Screen() { erase(); }

void Screen::say(std::string_view line) {
  erase();
  write_to(stderr, fmt::format("{}\n", line));
}

void Screen::draw(std::string_view line) {
  if (!is_terminal_) return;
  write_to(stderr, fmt::format("\r{}\x1b[K", line));
  is_drawn_ = true;
}

void Screen::erase() {
  if (is_drawn_) write_to(stderr, "\r\x1b[K");
  is_drawn_ = false;
}

std::size_t Screen::columns() const {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return columns_usual;
  return size.ws_col;
}

bool wants_colours(int fd) {
  const char* refused = std::getenv("NO_COLOR");
  return isatty(fd) == 1 && (refused == nullptr || *refused == '\0');
}

void put_out(std::string_view bytes) { write_to(stdout, bytes); }

void print(std::string_view line) { write_to(stdout, fmt::format("{}\n", line)); }

}  // namespace pq
