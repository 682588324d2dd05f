// SQLite as three small owners: a connection, a statement, a transaction. sqlite.cpp is the only file that
// includes sqlite3.h. Every failure is an SqliteError, and none leaves the store: it makes of each the
// sentence that a person reads.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/value.h"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

namespace pq {

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
  // Creates the file if there is none. SQLite reads nothing of it yet.
  explicit Database(const std::filesystem::path& path);

  static Database in_memory();

  // Of a file that nobody else uses, with the log beside it if there is one. Neither is changed, and nothing
  // is left beside them; no lock is taken.
  static Database read_only(const std::filesystem::path& path);

  // Any number of statements without results.
  void execute(const char* sql);

  // The first column of the first row: of a PRAGMA, of a count. All rows are read: what a PRAGMA changes is
  // committed only at its end.
  std::int64_t integer(const char* sql);
  std::string text(const char* sql);

  // `check` is PRAGMA quick_check(1) or integrity_check(1); its finding is an error: damaged, unless the file
  // could not be read to its end.
  void expect_sound(const char* check);

  bool is_in_transaction() const;

  // Writes what a transaction that is under way has changed, and syncs the file.
  void sync();

  // Closing the connection moves its log into the database file, unless it is to leave both as they are.
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

// Bytes that are no text, and live elsewhere.
struct Blob {
  std::string_view bytes;
};

// A prepared statement, used again and again. Parameters count from 1, columns from 0.
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

  // All steps that are left.
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

// Whether the log beside this file is another database's: it says itself that it keeps none. SQLite would mix
// the two. Before the file is opened by this process, for closing it drops the locks of every connection to
// it.
bool has_foreign_log(const std::filesystem::path& path);

// The pages of one database on their way into another one. What is committed on the connection `from`
// meanwhile is carried along by SQLite, so the copy is of the moment of its last step. Errors are of `to`:
// what `from` has committed, and commits, is not touched by them. Both outlive this.
class PageCopy {
 public:
  PageCopy(Database& from, Database& to);

  // True: all is there. Not to be called after that, nor after an error.
  bool step(int pages_max);

 private:
  struct Finish {
    void operator()(sqlite3_backup* copy) const;
  };
  Database& to_;
  std::unique_ptr<sqlite3_backup, Finish> copy_;
};

// All or nothing: what is not committed when this ends is rolled back.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Durable when it returns. When it throws, nobody knows what the file holds until it is opened anew.
  void commit();

 private:
  Database& database_;
};

}  // namespace pq
