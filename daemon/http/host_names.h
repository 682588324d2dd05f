// The names that this machine goes by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/values/rooms.h"

namespace pq::http {

// Its host name, with and without its domain, and in each domain that /etc/resolv.conf has its neighbours
// search. DNS is not asked: that may take long, and its answers are for others to make.
std::vector<std::string> names_of_this_machine();

// The same, of a host name and the text of a resolv.conf.
std::vector<std::string> names_of(const std::string& host, std::string_view resolv_conf);

}  // namespace pq::http
