#include "common/os/why_not_bound.h"

#include <cerrno>

#include "common/values/errors.h"

namespace pq::os {

std::string why_not_bound(int error) {
  switch (error) {
    case EADDRINUSE:
      return "in use";
    case EADDRNOTAVAIL:  // a cloud's public address is such a one: only its routers know that
      return "no interface of this machine has that address (* stands for all that they have)";
    case EACCES:
      return "this user has no right to that port; take one from 1024 on";
    case EAFNOSUPPORT:
      return "this machine has no addresses of that kind, IPv4 or IPv6";
    case EMFILE:
    case ENFILE:
      return errno_text(error) + "; raise ulimit -n";
    case ENODEV:  // of zmq_bind, which looks up no names
      return "neither an address nor an interface of this machine";
    default:
      return errno_text(error);
  }
}

}  // namespace pq::os
