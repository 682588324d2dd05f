// The JSON schema of what has fields (common/protocol/field.h), by the rules of common/report/json_writer.h.
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/report/json.h"
#include "common/report/shown.h"
#include "tests/rooms.h"

namespace pq::tests {

// What pq.common.1.json has, for the other files to refer to.
template <class T>
inline constexpr std::string_view common_name{};
template <>
inline constexpr std::string_view common_name<JobState> = "state";
template <>
inline constexpr std::string_view common_name<Kernel> = "kernel";
template <>
inline constexpr std::string_view common_name<Fold> = "fold";
template <>
inline constexpr std::string_view common_name<FileRef> = "file";
template <>
inline constexpr std::string_view common_name<Program> = "program";
template <>
inline constexpr std::string_view common_name<Finding> = "finding";
template <>
inline constexpr std::string_view common_name<Reason> = "reason";

// "pq.job.1.json" of "pq.job/1".
inline std::string file_of(std::string_view schema) {
  std::string name(schema);
  name[name.find('/')] = '.';
  return name + ".json";
}

class SchemaWriter {
 public:
  template <class T>
  void operator()(const Field& field, const T& value) {
    add(field, value, true);
  }
  template <class T>
  void operator()(const Field& field, const T& value, const std::type_identity_t<T>& /*usual*/) {
    add(field, value, true);
  }
  void derived(const Field& field, auto value) { add(field, value(), true); }
  void sometimes(bool /*is_there*/, const Field& field, const auto& value) { add(field, value, false); }

  template <class T>
  static Json object_of(const T& sample) {
    SchemaWriter writer;
    if constexpr (!schema_of<T>.name.empty()) {
      writer.properties_["schema"] = {{"const", schema_of<T>.name}};
      writer.required_.push_back("schema");
    }
    writer.add_fields(sample);
    return {{"type", "object"},
            {"properties", std::move(writer.properties_)},
            {"required", std::move(writer.required_)}};
  }

  // A file of its own.
  template <class T>
  static Json file_of_report(const T& sample) {
    Json file = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"$id", file_of(schema_of<T>.name)},
                 {"title", schema_of<T>.title}};
    file.update(object_of(sample));
    return file;
  }

  template <class T>
  static Json type_of_sample(const T& sample, const Field& field = Field("")) {
    if constexpr (std::same_as<T, bool>) {
      return {{"type", "boolean"}};
    } else if constexpr (std::unsigned_integral<T>) {
      if (field.how() == Shown::as_decimal) return common("decimal");
      return {{"type", "integer"}, {"minimum", field.min()}};
    } else if constexpr (std::signed_integral<T>) {
      return {{"type", "integer"}};
    } else if constexpr (std::floating_point<T>) {
      return {{"type", "number"}, {"minimum", 0}};
    } else if constexpr (Worded<T>) {
      if constexpr (!common_name<T>.empty()) return common(common_name<T>);
      return words<T>();
    } else if constexpr (std::same_as<T, Sha256>) {
      return {{"type", "string"}, {"pattern", "^[0-9a-f]{64}$"}};
    } else if constexpr (std::same_as<T, JobId>) {
      return {{"type", "integer"}, {"minimum", 1}};
    } else if constexpr (is_one_of<T, std::string, std::string_view, Bytes, LeaseId>) {
      return {{"type", "string"}};
    } else if constexpr (!schema_of<T>.name.empty()) {
      return {{"$ref", file_of(schema_of<T>.name)}};
    } else if constexpr (!common_name<T>.empty()) {
      return common(common_name<T>);
    } else {
      return object_of(sample);
    }
  }

  template <class E>
  static Json words() {
    return {{"enum", enum_words<E>}};
  }

 private:
  template <class T, class... Others>
  static constexpr bool is_one_of = (std::same_as<T, Others> || ...);

  static Json common(std::string_view name) {
    return {{"$ref", "pq.common.1.json#/$defs/" + std::string(name)}};
  }

  // A value is null where there is none.
  static Json type_of_sample(const std::optional<Value>& /*sample*/, const Field& /*field*/) {
    return common("value");
  }
  template <class T>
  static Json type_of_sample(const std::optional<T>& /*sample*/, const Field& field) {
    Json type = type_of_sample(T{}, field);
    if (!type.contains("type") || type.contains("properties")) return {{"anyOf", {type, {{"type", "null"}}}}};
    type["type"] = {type["type"], "null"};
    return type;
  }
  static Json type_of_sample(const std::vector<Label>& /*sample*/, const Field& /*field*/) {
    return common("labels");
  }
  static Json type_of_sample(const std::vector<Setting>& /*sample*/, const Field& /*field*/) {
    return {{"type", "object"}, {"additionalProperties", {{"type", {"string", "null"}}}}};
  }
  template <class T>
  static Json type_of_sample(const std::vector<T>& /*sample*/, const Field& field) {
    Json type = {{"type", "array"}, {"items", type_of_item<T>(field)}};
    if (field.min() > 0) type["minItems"] = field.min();
    return type;
  }
  template <class T>
  static Json type_of_item(const Field& field) {
    return type_of_sample(T{}, field);
  }

  template <class T>
  void add_fields(const T& sample) {
    fields(*this, sample);
    if constexpr (requires { derived_fields(*this, sample); }) derived_fields(*this, sample);
  }

  template <class T>
  void add(const Field& field, const T& sample, bool is_required) {
    if (field.how() == Shown::never) return;
    if constexpr (std::same_as<T, Range>) {
      const Field begin("begin", "The first integer.");
      const Field end("end", "The first one after it.");
      add(begin.shown(Shown::as_decimal), sample.begin, is_required);
      add(end.shown(Shown::as_decimal), sample.end, is_required);
    } else {
      if constexpr (std::is_class_v<T> && requires { fields(*this, sample); }) {
        if (field.how() == Shown::flat) return add_fields(sample);
      }
      Json& property = properties_[std::string(field.json_key())] = Json::object();
      if (!field.text().empty()) property["description"] = field.text();
      property.update(type_of_sample(sample, field));
      if (is_required) required_.push_back(field.json_key());
    }
  }

  Json properties_ = Json::object();
  Json required_ = Json::array();
};

// Of what refers to an entry that lies elsewhere.
template <class Entry>
Json schema_of_entry() {
  return {{"$ref", file_of(schema_of<OfJob<Entry>>.name)}};
}
template <>
inline Json SchemaWriter::type_of_item<OfJob<LogEntry>>(const Field& /*field*/) {
  return schema_of_entry<LogEntry>();
}
template <>
inline Json SchemaWriter::type_of_item<OfJob<PartReport>>(const Field& /*field*/) {
  return schema_of_entry<PartReport>();
}

}  // namespace pq::tests
