// Server-sent events, parsed as a browser does.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/report/json.h"
#include "tests/rooms.h"

namespace pq::tests {

struct StreamEvent {
  std::string word;
  Json data;
};

// The complete events in `text`.
inline std::vector<StreamEvent> events_in(const std::string& text) {
  std::vector<StreamEvent> events;
  std::istringstream lines(text);
  StreamEvent event;
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    if (line.starts_with("event: ")) {
      event.word = line.substr(7);
    } else if (line.starts_with("data: ")) {
      event.data = Json::parse(line.substr(6));
    } else if (line.empty() && !event.word.empty()) {
      events.push_back(event);
      event = {};
    } else {
      CHECK_MESSAGE((line.empty() || line.starts_with("retry: ")), line);
    }
  }
  return events;
}

}  // namespace pq::tests
