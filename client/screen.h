// stderr, where people read: lines, and on a terminal one live line beneath them that is redrawn in place.
// All that a client says to people goes through its Screen, so that a line never lands in the middle of a
// live one.
#pragma once

#include <cstddef>
#include <string_view>

namespace pq {

class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void say(std::string_view line);

  // Replaces the live line. Only on a terminal.
  void draw(std::string_view line);

  bool is_terminal() const { return is_terminal_; }
  std::size_t columns() const;

 private:
  void erase();

  bool is_terminal_;
  bool is_drawn_ = false;
};

// A terminal is there, and nobody has set NO_COLOR.
bool wants_colours(int fd);

// Bytes on stdout as they are.
void put_out(std::string_view bytes);

// One line on stdout, where programs read. main sees at the end whether all of it arrived.
void print(std::string_view line);

}  // namespace pq
