// Intrusive reference counting for what crosses threads: immutable once shared, freed by the last
// holder. The count is atomic; a Ref is one pointer.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace base {

class Shared {
 public:
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

 protected:
  Shared() = default;
  virtual ~Shared() = default;

 private:
  template <class T>
  friend class Ref;
  void add_holder() const { holders_.fetch_add(1, std::memory_order_relaxed); }
  void drop_holder() const {
    // Release pairs with acquire: all uses by other holders happen before the destructor.
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  // For types with an allocation of their own; by default a plain delete.
  virtual void destroy() const { delete this; }

  mutable std::atomic<std::uint32_t> holders_{0};
};

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_ != nullptr) object_->add_holder();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(const Ref<U>& other) : Ref(other.get()) {}  // NOLINT(google-explicit-constructor): up-cast.
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->drop_holder();
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const Ref&) const = default;

 private:
  T* object_ = nullptr;
};

}  // namespace base
