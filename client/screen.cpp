#include "client/screen.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/values/errors.h"
#include "common/values/text.h"

namespace pq::client {

namespace {

void write_to(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

// Nothing is written to a reader that is gone.
void write_to_reader(std::string_view bytes) {
  write_to(stdout, bytes);
  if (std::ferror(stdout) != 0)
    throw EnvironmentError("cannot write to stdout; is its disk full, or its reader gone?");
}

}  // namespace

Screen::Screen() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

Screen::~Screen() { erase(); }

void Screen::say(std::string_view line) {
  erase();
  write_to(stderr, printable(line) + "\n");
}

void Screen::draw(std::string_view line) {
  if (!is_terminal_) return;
  write_to(stderr, fmt::format("\r{}\x1b[K", line));
  is_drawn_ = true;
}

Duration Screen::pause() const {
  using namespace std::chrono_literals;
  // Without a terminal, reports come every 10 s: each is shown, even one that is a little early.
  return is_terminal_ ? Duration(200ms) : Duration(9s);
}

void Screen::erase() {
  if (is_drawn_) write_to(stderr, "\r\x1b[K");
  is_drawn_ = false;
}

std::size_t Screen::columns() const { return size_of_terminal(STDERR_FILENO).columns; }

TerminalSize size_of_terminal(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .lines = size.ws_row};
}

TerminalSize Canvas::size() const {
  TerminalSize size = size_of_terminal(STDOUT_FILENO);
  if (size.lines > 1) --size.lines;
  return size;
}

// In one write, because the cursor is hidden and lines do not wrap only during it.
void Canvas::draw(const std::vector<std::string>& lines) {
  std::string bytes = "\x1b[?25l\x1b[?7l";
  // Earlier text on the terminal moves up, where it can be scrolled to.
  if (!is_drawn_) bytes.append(size_of_terminal(STDOUT_FILENO).lines, '\n');
  bytes += "\x1b[H";
  for (const std::string& line : lines) bytes += line + "\x1b[K\n";
  write_to_reader(bytes + "\x1b[J\x1b[?7h\x1b[?25h");
  is_drawn_ = true;
}

void Canvas::leave() {
  if (is_drawn_) write_to(stdout, "\r\x1b[K");
}

bool wants_colours(int fd, ColourWish wish) {
  if (wish != ColourWish::automatic) return wish == ColourWish::always;
  const char* refused = std::getenv("NO_COLOR");
  return isatty(fd) == 1 && (refused == nullptr || *refused == '\0');
}

void put_out(std::string_view bytes) { write_to_reader(bytes); }

void print(std::string_view line) { write_to_reader(fmt::format("{}\n", line)); }

}  // namespace pq::client
