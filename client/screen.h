// stderr, where people read: lines, and on a terminal one live line beneath them that is redrawn in place.
// All that a client says to people goes through its Screen, so that a line never lands in the middle of a
// live one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/layout.h"
#include "common/instant.h"

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
  Duration pause() const;       // between two live lines; without a terminal, two lines that tell of progress
  std::size_t columns() const;  // of the terminal

 private:
  void erase();

  bool is_terminal_;
  bool is_drawn_ = false;
};

// Of the terminal at `fd`; what is usual where there is none.
TerminalSize size_of_terminal(int fd);

// Lines on stdout, a terminal, that are redrawn in place: nothing flickers, and nothing is left to be
// restored whenever and however the program ends. One line of the terminal below them is left to the cursor.
class Canvas {
 public:
  // How many lines are drawn at most, and how wide.
  TerminalSize size() const;

  // At most size().lines of at most size().columns columns.
  void draw(const std::vector<std::string>& lines);

  // What the terminal has echoed of Ctrl-C goes.
  void leave();

 private:
  bool is_drawn_ = false;
};

enum class ColourWish { automatic, always, never };

// automatic: only on a terminal, and only if nobody has set NO_COLOR.
bool wants_colours(int fd, ColourWish wish);

// Bytes on stdout as they are.
void put_out(std::string_view bytes);

// One line on stdout, where programs read. main sees at the end whether all of it arrived.
void print(std::string_view line);

}  // namespace pq
