// What programs read: one documented, versioned schema for each thing. Fields are added, never changed. What
// they are is said in common/protocol/fields.h and shown.h, from which JSON and schemas/ both come.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/messages.h"
#include "common/report/findings.h"

namespace pq {

using Json = nlohmann::ordered_json;

Json to_json(const JobReport& report);       // pq.job/1
Json to_json(const JobsReport& report);      // pq.jobs/1
Json to_json(const AgentsReport& report);    // pq.agents/1
Json to_json(const KeysReport& report);      // pq.keys/1
Json to_json(const EventsReport& events);    // pq.events/1
Json to_json(const EventEntry& event);       // pq.event/1, of which pq.events/1 is a list
Json to_json(const Explanation& job);        // pq.explanation/1
Json to_json(const Verification& findings);  // pq.verification/1
Json to_json(const FileVerification& file);  // pq.verifications/1: of all its jobs
Json to_json(const ProvenancePage& page);    // pq.provenance/1: who has computed what of a job
Json to_json(const Recomputed& done);        // pq.recompute/1
Json to_json(const BackedUp& backup);        // pq.backup/1
Json to_json(const JobSpec& spec);           // pq.submission/1: what would be submitted

Json to_json(JobId job, const LogEntry& entry);     // pq.log/1
Json to_json(JobId job, const OutputEntry& entry);  // pq.output/1: a part of what one run printed
Json to_json(JobId job, const PartReport& part);    // pq.part/1, of which pq.provenance/1 is a list

struct JobsMissed;
// pq.jobs/1 of a command that names several jobs, with those that it could not reach.
Json to_json(const JobsReport& found, const std::vector<JobsMissed>& missed);

// pq.error/1: the word for programs, the sentence for people.
Json error_json(std::string_view word, std::string_view text);

// One line, in ASCII or UTF-8 whatever the texts in it are.
std::string to_line(const Json& json);

// The same, for those who need no more of JSON.
std::string json_line(const Verification& verification);
std::string json_line(const FileVerification& verification);
std::string error_line(std::string_view word, std::string_view text);

}  // namespace pq
