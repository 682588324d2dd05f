// JSON of what has fields (common/protocol/field.h): the fields as described, by the rules of each type.
//   An integer is a number, or digits where it may pass 2^53; what is absent is null; a value is its text; a
//   word is its text; labels and settings are objects; a struct is an object; a range is its begin and its
//   end.
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/report/json.h"
#include "common/report/shown.h"

namespace pq {

class JsonWriter {
 public:
  template <class T>
  void operator()(const Field& field, const T& value) {
    if (field.how() == Shown::never) return;
    if constexpr (std::same_as<T, Range>) {
      return add_range(value);
    } else {
      if constexpr (is_described<T>) {
        if (field.how() == Shown::flat) return add_fields(value);
      }
      json_[std::string(field.json_key())] = shown(value, field);
    }
  }
  template <class T>
  void operator()(const Field& field, const T& value, const std::type_identity_t<T>& /*usual*/) {
    (*this)(field, value);
  }
  void derived(const Field& field, auto value) { (*this)(field, value()); }
  // Of a report that has the field only where it means something.
  void sometimes(bool is_there, const Field& field, const auto& value) {
    if (is_there) (*this)(field, value);
  }

  template <class T>
  static Json object_of(const T& described) {
    JsonWriter writer;
    if constexpr (!schema_of<T>.name.empty()) writer.json_["schema"] = schema_of<T>.name;
    writer.add_fields(described);
    return std::move(writer.json_);
  }

 private:
  template <class T>
  static constexpr bool is_described = requires(JsonWriter& writer, const T& value) {
    fields(writer, value);
  };

  template <class T>
  void add_fields(const T& described) {
    fields(*this, described);
    if constexpr (requires { derived_fields(*this, described); }) derived_fields(*this, described);
  }

  void add_range(const Range& range) {
    json_["begin"] = std::to_string(range.begin);
    json_["end"] = std::to_string(range.end);
  }

  template <class T>
  static Json shown(const T& value, const Field& field) {
    if constexpr (std::unsigned_integral<T> && !std::same_as<T, bool>) {
      return field.how() == Shown::as_decimal ? Json(std::to_string(value)) : Json(value);
    } else if constexpr (Worded<T> || std::same_as<T, Value> || std::same_as<T, Sha256> ||
                         std::same_as<T, LeaseId>) {
      return to_text(value);
    } else if constexpr (is_described<T>) {
      return object_of(value);
    } else {
      return Json(value);
    }
  }
  static Json shown(JobId id, const Field& /*field*/) { return id.value; }
  static Json shown(const Bytes& bytes, const Field& /*field*/) { return bytes.data; }
  template <class T>
  static Json shown(const std::optional<T>& value, const Field& field) {
    return value ? shown(*value, field) : Json(nullptr);
  }
  template <class T>
  static Json shown(const std::vector<T>& items, const Field& field) {
    Json list = Json::array();
    for (const T& item : items) list.push_back(shown(item, field));
    return list;
  }
  static Json shown(const std::vector<Label>& labels, const Field& /*field*/) {
    Json json = Json::object();
    for (const Label& label : labels) json[label.key] = label.value;
    return json;
  }
  static Json shown(const std::vector<Setting>& settings, const Field& /*field*/) {
    Json json = Json::object();
    for (const Setting& setting : settings)
      json[setting.name] = setting.is_hidden ? Json(nullptr) : Json(setting.value);
    return json;
  }

  Json json_ = Json::object();
};

}  // namespace pq
