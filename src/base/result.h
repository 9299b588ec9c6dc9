// A value or the reason why there is none (std::expected is C++23). E is a type that carries what
// the error happened to; errors of peers, files and people travel this way, never as exceptions.
#pragma once

#include <utility>
#include <variant>

#include "base/assert.h"

namespace base {

template <class E>
struct Error {
  E value;
};
template <class E>
Error(E) -> Error<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  // Implicit, so that `return value;` works. NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  template <class F>  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error<F> error) : state_(std::in_place_index<1>, std::move(error.value)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & {
    ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const E& error() const {
    ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

// The same for what has nothing to give but success.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class F>  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error<F> error) : error_(std::in_place_index<1>, std::move(error.value)) {}

  bool has_value() const { return error_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  const E& error() const {
    ASSERT(!has_value());
    return *std::get_if<1>(&error_);
  }

 private:
  std::variant<std::monostate, E> error_;
};

}  // namespace base
