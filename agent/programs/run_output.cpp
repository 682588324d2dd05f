#include "agent/programs/run_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/limits.h"
#include "common/protocol/limits.h"
#include "common/values/text.h"

namespace pq::programs {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";
constexpr std::size_t half_log = limits::log_run_bytes_max / 2;
constexpr std::size_t held_max = 1 << 16;  // no value is longer
constexpr std::size_t last_line_max = 4 * limits::error_bytes_max;

}  // namespace

// ---------------------------------------------------------------- the log

void RunLog::add(Stream stream, std::string_view text, Instant now) {
  if (outbox_ == nullptr || text.empty()) return;
  const std::string_view at_once = text.substr(0, half_log - begin_bytes_);
  if (!at_once.empty()) outbox_->log(run_, stream, at_once, now);
  begin_bytes_ += at_once.size();
  text.remove_prefix(at_once.size());
  if (text.size() > half_log) {
    left_out_ += text.size() - half_log;
    text.remove_prefix(text.size() - half_log);
  }
  if (text.empty()) return;
  if (end_.empty() || end_.back().stream != stream || end_.back().text.size() > limits::log_part_bytes_max)
    end_.push_back({stream, {}});
  end_.back().text += text;
  end_bytes_ += text.size();
  while (end_bytes_ > half_log) {
    std::string& oldest = end_.front().text;
    const std::size_t gone = std::min(oldest.size(), end_bytes_ - half_log);
    end_bytes_ -= gone;
    left_out_ += gone;
    if (gone == oldest.size()) {
      end_.pop_front();
    } else {
      oldest.erase(0, gone);
    }
  }
}

void RunLog::end(Instant now) {
  if (outbox_ == nullptr) return;
  if (left_out_ > 0)
    outbox_->log(run_, Stream::pq, fmt::format("{} bytes are left out here\n", left_out_), now);
  for (const Piece& piece : end_) outbox_->log(run_, piece.stream, piece.text, now);
  end_.clear();
  end_bytes_ = left_out_ = 0;
}

void RunLog::fail(std::string_view words, Instant now) {
  end(now);
  if (outbox_ != nullptr) outbox_->log_failure(run_, words, now);
}

// ---------------------------------------------------------------- lines

void LastLine::add(std::string_view bytes) {
  const std::size_t last = bytes.find_last_not_of(blanks);
  if (last != std::string_view::npos) {
    // Only the line that holds this byte counts. It begins after a line end in `bytes`, or in earlier bytes.
    const std::size_t line_end = bytes.rfind('\n', last);
    is_ended_ = is_ended_ || line_end != std::string_view::npos;
    if (line_end != std::string_view::npos) bytes.remove_prefix(line_end + 1);
    if (is_ended_) line_.clear();
    is_ended_ = false;
  }
  if (is_ended_) return;  // blanks between lines
  const std::size_t end = bytes.find('\n');
  line_ += bytes.substr(0, std::min(end, last_line_max - std::min(line_.size(), last_line_max)));
  is_ended_ = end != std::string_view::npos;
}

// ---------------------------------------------------------------- one run

void RunOutput::add(Stream stream, std::string_view bytes, Instant now) {
  if (bytes.empty()) return;
  if (stream == Stream::stderr_) {
    last_error_.add(bytes);
    log_.add(stream, bytes, now);
    return;
  }
  last_output_.add(bytes);
  if (wants_.whole) {
    is_too_much_ = is_too_much_ || whole_.size() + bytes.size() > limits::output_run_bytes_max;
    if (!is_too_much_) whole_ += bytes;
  }
  if (wants_.value) {
    hold_back(bytes, now);
  } else if (!wants_.whole) {
    log_.add(stream, bytes, now);
  }
}

// Everything before the last line with text is not the value.
void RunOutput::hold_back(std::string_view bytes, Instant now) {
  if (is_long_line_) {
    const std::size_t line_end = bytes.find('\n');
    const std::string_view rest =
        bytes.substr(0, line_end == std::string_view::npos ? bytes.size() : line_end + 1);
    if (!wants_.whole) log_.add(Stream::stdout_, rest, now);
    bytes.remove_prefix(rest.size());
    is_long_line_ = line_end == std::string_view::npos;
  }
  const std::size_t before = held_.size();
  held_ += bytes;
  const std::size_t last = std::string_view(held_).find_last_not_of(blanks);
  if (last != std::string::npos && last >= before) {
    const std::size_t line_end = std::string_view(held_).substr(0, last).rfind('\n');
    if (line_end != std::string_view::npos) release(line_end + 1, now);
  }
  if (held_.size() <= held_max) return;
  is_long_line_ = !held_.ends_with('\n');
  release(held_.size(), now);
}

void RunOutput::release(std::size_t count, Instant now) {
  if (!wants_.whole) log_.add(Stream::stdout_, std::string_view(held_).substr(0, count), now);
  held_.erase(0, count);
}

std::string_view RunOutput::value_text() const {
  return is_long_line_ ? std::string_view() : stripped(held_);
}

void RunOutput::end(Instant now) { log_.end(now); }

void RunOutput::fail(std::string_view words, Instant now) {
  log_.add(Stream::stdout_, wants_.whole ? whole_ : held_, now);
  log_.fail(words, now);
}

std::string RunOutput::last_words() const {
  const std::string_view error = stripped(last_error_.text());
  return printable(error.empty() ? stripped(last_output_.text()) : error);
}

}  // namespace pq::programs
