// A client that submits one job and waits for its end. Without an answer it asks again, as pq-submit --wait
// does; it may also steer the job. Its last answer must be the truth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/protocol/messages.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/network.h"
#include "tests/simulation/timeline.h"

namespace pq::simulation {

class Client final : public Party {
 public:
  // `name`: of its key.
  Client(Timeline& timeline, Dice& dice, Network& network, const Programs& programs, Submit submit,
         std::string name)
      : timeline_(timeline),
        dice_(dice),
        network_(network),
        programs_(programs),
        submit_(std::move(submit)),
        name_(std::move(name)) {}

  void begin();
  void arrive(std::string bytes) override;

  // From now on it only wants its total.
  void calms_down();
  void steers(bool may_cancel) { steers_ = true, may_cancel_ = may_cancel; }
  // The head was restored from a backup: it may have forgotten the job, or given its number to another.
  void head_was_restored() { may_be_forgotten_ = true; }

  bool has_its_answer() const { return has_its_answer_; }
  const Submit& submission() const { return submit_; }
  std::optional<JobId> job() const { return job_; }

 private:
  void ask();
  ClientToHead next_question();
  void hear(const Submitted& submitted);
  void hear(const JobReport& report);
  void hear(const Refusal& refusal);
  template <class Other>
  void hear(const Other& other);
  void check_end(const JobReport& report);

  Timeline& timeline_;
  Dice& dice_;
  Network& network_;
  const Programs& programs_;
  Submit submit_;
  std::string name_;

  std::optional<SocketId> socket_;
  RequestNumber request_ = 0;
  std::optional<JobId> job_;
  bool steers_ = false;
  bool may_cancel_ = false;
  bool has_cancelled_ = false;
  bool retries_ = false;  // asks to try again what has failed, until that is answered
  bool is_paused_ = false;
  bool may_be_forgotten_ = false;
  bool has_its_answer_ = false;
};

}  // namespace pq::simulation
