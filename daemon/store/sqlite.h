// SQLite as three small owners: a connection, a statement, a transaction. sqlite.cpp is the only file that
// includes sqlite3.h. Every failure is an SqliteError. None leaves the store, which turns each into a
// sentence for people.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/values/value.h"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

namespace pq::store {

class SqliteError : public std::runtime_error {
 public:
  enum class Kind { damaged, not_a_database, busy, other };

  SqliteError(Kind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// The one connection to a database file. It outlives its statements.
class Database {
 public:
  // Creates the file if there is none. SQLite reads nothing from it yet.
  explicit Database(const std::filesystem::path& path);

  static Database in_memory();

  // Opens a file that nobody else uses, with its log if there is one. Changes neither, leaves nothing beside
  // them, and takes no lock.
  static Database read_only(const std::filesystem::path& path);

  // Any number of statements without results.
  void execute(const char* sql);

  // The first column of the first row of a PRAGMA or a count. Reads all rows, because a PRAGMA commits its
  // change only at its end.
  std::int64_t integer(const char* sql);
  std::string text(const char* sql);

  // `check` is PRAGMA quick_check(1) or integrity_check(1). A finding is an error: the file is damaged,
  // unless it could not be read to its end.
  void expect_sound(const char* check);

  bool is_in_transaction() const;

  // Writes the changes of the open transaction, and syncs the file.
  void sync();

  // Moves all that the log holds into the database file, and syncs that. False: a reader was in the way.
  bool empty_log();

  // Closing the connection moves the log into the database file, unless it must leave both as they are.
  void leave_files_on_close(bool leave);

 private:
  friend class Statement;
  friend class PageCopy;
  Database(const std::string& name, int flags, const char* vfs);
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

// A view of bytes that are not text.
struct Blob {
  std::string_view bytes;
};

// A prepared statement for repeated use. Parameters count from 1, columns from 0.
class Statement {
 public:
  enum class Type { null, integer, real, text, blob };

  Statement(Database& database, std::string_view sql);

  // An unsigned 64-bit integer is stored as the same 64 bits.
  template <std::integral T>
  void bind(int parameter, T value) {
    bind_integer(parameter, static_cast<std::int64_t>(value));
  }
  // `text` is not copied: it must live until the statement has run.
  void bind(int parameter, std::string_view text);
  void bind(int parameter, Blob blob);  // not copied either
  void bind(int parameter, const Value& value);
  void bind(int parameter, std::nullopt_t);
  template <class T>
  void bind(int parameter, const std::optional<T>& value) {
    if (value) {
      bind(parameter, *value);
    } else {
      bind(parameter, std::nullopt);
    }
  }

  // Binds all parameters, in order, and runs the statement to its end.
  template <class... Values>
  void run(const Values&... values) {
    int parameter = 0;
    (bind(++parameter, values), ...);
    finish();
  }

  // Moves to the next row. After the last one, or a failure, the statement can be bound and run again.
  bool step();

  // Takes all remaining steps.
  void finish();

  // Of the current row. A text is valid until the next step.
  Type type(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;  // valid as long as a text
  std::string_view name(int column) const;

 private:
  void bind_integer(int parameter, std::int64_t value);
  void expect_bound(int result) const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Whether the log beside this file belongs to another database: the file's header says that it keeps no log.
// SQLite would mix the two. Call it before this process opens the file, because closing the file drops the
// locks of every connection to it.
bool has_foreign_log(const std::filesystem::path& path);

// Copies the pages of one database into another one. SQLite also copies what the connection `from` commits
// meanwhile, so the copy shows the moment of its last step. Errors concern only `to`: they do not touch what
// `from` has committed or commits. Both must outlive this.
class PageCopy {
 public:
  PageCopy(Database& from, Database& to);

  // True: all pages are copied. Do not call it after that, or after an error.
  bool step(int pages_max);

 private:
  struct Finish {
    void operator()(sqlite3_backup* copy) const;
  };
  Database& to_;
  std::unique_ptr<sqlite3_backup, Finish> copy_;
};

// All or nothing: a transaction that is not committed is rolled back when this is destroyed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Durable when it returns. If it throws, nobody knows what the file holds until it is opened again.
  void commit();

 private:
  Database& database_;
};

}  // namespace pq::store
