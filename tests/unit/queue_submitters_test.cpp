// Submitters that share slots: each has its part, however many jobs it has.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/workshop.h"

namespace pq::tests {
namespace {

struct SharedWorkshop : Workshop {
  std::map<JobId, std::string> submitters;

  JobId submits_as(const std::string& name, std::int32_t priority = 0) {
    client_is(name);
    const JobId job = submits_measured(endless_of(priority));
    submitters[job] = name;
    return job;
  }
  std::size_t active_of(const std::string& name) const {
    std::size_t leases = 0;
    for (const auto& [job, submitter] : submitters) leases += submitter == name ? active(job) : 0;
    return leases;
  }
  double served_of(const std::string& name) const {
    double sum_s = 0;
    for (const auto& [job, served] : served_s) sum_s += submitters.at(job) == name ? served : 0;
    return sum_s;
  }
};

}  // namespace

TEST_CASE("ten jobs of one submitter have as many slots as one job of another") {
  SharedWorkshop s;
  s.slots("a", 5);
  s.slots("b", 5);
  std::vector<JobId> hers;
  for (int i = 0; i < 10; ++i) hers.push_back(s.submits_as("alice"));
  s.works(20);
  CHECK(s.active_of("alice") == 10);
  const JobId his = s.submits_as("bob");
  s.works(1);
  CHECK(s.active(his) == 5);
  CHECK(s.active_of("alice") == 5);
  const double before_s = s.served_of("bob");
  s.works(200);
  CHECK(s.served_of("bob") - before_s == doctest::Approx(1000).epsilon(0.02));
  for (const JobId job : hers) CHECK(s.served_s[job] == doctest::Approx(120).epsilon(0.15));
}

TEST_CASE("a submitter's late job has its part from that submitter's other jobs, not from anybody else") {
  SharedWorkshop s;
  s.slots("a", 8);
  const JobId hers = s.submits_as("alice");
  const JobId his = s.submits_as("bob");
  s.works(30);
  CHECK(s.active(hers) == 4);
  CHECK(s.active(his) == 4);
  const JobId late = s.submits_as("alice");
  CHECK(s.leaving(hers) == 2);
  CHECK(s.leaving(his) == 0);
  s.works(1);
  CHECK(s.active(hers) == 2);
  CHECK(s.active(late) == 2);
  CHECK(s.active(his) == 4);
  const std::size_t asked = s.asked;
  s.works(100);
  CHECK(s.asked == asked);
}

TEST_CASE("on one slot submitters take turns, and their jobs within these") {
  SharedWorkshop s;
  s.slots("a", 1);
  const JobId his = s.submits_as("bob");
  const JobId first = s.submits_as("alice");
  const JobId second = s.submits_as("alice");
  s.works(20);
  s.served_s.clear();
  s.works(400);
  CHECK(s.served_s[his] == doctest::Approx(200).epsilon(0.06));
  CHECK(s.served_s[first] == doctest::Approx(100).epsilon(0.1));
  CHECK(s.served_s[second] == doctest::Approx(100).epsilon(0.1));
}

TEST_CASE("priority goes before submitters") {
  SharedWorkshop s;
  s.slots("a", 4);
  s.submits_as("alice");
  s.submits_as("bob");
  s.works(10);
  const JobId urgent = s.submits_as("alice", 1);
  s.works(1);
  CHECK(s.active(urgent) == 4);
  s.submits_as("bob", 1);
  s.works(1);
  CHECK(s.active_of("bob") == 2);
  CHECK(s.active(urgent) == 2);
}

TEST_CASE("jobs without a submitter share as those of one that has no name") {
  SharedWorkshop s;
  s.slots("a", 6);
  for (int i = 0; i < 3; ++i) s.submits_as("");
  s.submits_as("alice");
  s.works(3);
  CHECK(s.active_of("") == 3);
  CHECK(s.active_of("alice") == 3);
  s.restarts_head();
  for (ScriptedAgent* agent : s.agents) agent->beats();
  s.works(5);
  CHECK(s.active_of("") == 3);
  CHECK(s.active_of("alice") == 3);
}

}  // namespace pq::tests
