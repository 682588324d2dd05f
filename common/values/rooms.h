// The rooms of pq. Each folder of the first two levels has its namespace, but for common/values,
// common/protocol and common/report: they are everybody's words and stand in pq itself. A room uses the words
// of the rooms that it may include (tests/layers checks those arrows) as its own; two functions of one name
// are then the compiler's business.
#pragma once

namespace pq {

namespace os {}
namespace cli {}
namespace net {}
namespace core {}
namespace store {}
namespace gate {}
namespace view {}
namespace http {}
namespace daemon {}
namespace programs {}
namespace kernels {}
namespace interruption {}
namespace agent {}
namespace client {}
namespace commands {}

namespace cli {
using namespace os;
}
namespace net {
using namespace os;
}
namespace store {
using namespace os;
using namespace core;
}  // namespace store
namespace gate {
using namespace os;
using namespace net;
}  // namespace gate
namespace view {
using namespace os;
using namespace core;
}  // namespace view
namespace http {
using namespace os;
using namespace view;
}  // namespace http
namespace daemon {
using namespace os;
using namespace cli;
using namespace net;
using namespace core;
using namespace store;
using namespace gate;
using namespace view;
using namespace http;
}  // namespace daemon
namespace programs {
using namespace os;
using namespace agent;
}  // namespace programs
namespace kernels {
using namespace os;
using namespace programs;
using namespace agent;
}  // namespace kernels
namespace interruption {
using namespace os;
using namespace net;
}  // namespace interruption
namespace agent {
using namespace os;
using namespace cli;
using namespace net;
using namespace programs;
using namespace kernels;
using namespace interruption;
}  // namespace agent
namespace client {
using namespace os;
using namespace cli;
using namespace net;
using namespace commands;
}  // namespace client
namespace commands {
using namespace os;
using namespace cli;
using namespace net;
using namespace client;
}  // namespace commands

}  // namespace pq
