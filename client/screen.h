// stderr, where people read: lines, and on a terminal one live line below them that is redrawn in place. A
// client writes all texts for people through its Screen, so that no line lands inside a live one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/layout.h"
#include "common/values/instant.h"

namespace pq::client {

class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Texts from elsewhere may be in it: what could control the terminal is replaced.
  void say(std::string_view line);

  // Replaces the live line. Only on a terminal.
  void draw(std::string_view line);

  bool is_terminal() const { return is_terminal_; }
  Duration pause() const;       // between two live lines; without a terminal, between two lines of progress
  std::size_t columns() const;  // of the terminal

 private:
  void erase();

  bool is_terminal_;
  bool is_drawn_ = false;
};

// The size of the terminal at `fd`; the usual size if it is not a terminal.
TerminalSize size_of_terminal(int fd);

// Lines on stdout, a terminal, that are redrawn in place. Nothing flickers, and nothing must be restored
// however the program ends. The line below them is left to the cursor.
class Canvas {
 public:
  // How many lines are drawn at most, and how wide.
  TerminalSize size() const;

  // At most size().lines of at most size().columns columns.
  void draw(const std::vector<std::string>& lines);

  // Erases the terminal's echo of Ctrl-C.
  void leave();

 private:
  bool is_drawn_ = false;
};

enum class ColourWish { automatic, always, never };

// automatic: only on a terminal, and only if NO_COLOR is not set.
bool wants_colours(int fd, ColourWish wish);

// Writes bytes to stdout as they are.
void put_out(std::string_view bytes);

// Writes one line to stdout, for programs. At the end main checks whether everything arrived.
void print(std::string_view line);

}  // namespace pq::client
