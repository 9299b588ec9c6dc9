// Random topic names and filters for the property tests: few letters and few levels, so that they
// meet.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

namespace topic::test {

inline std::string join(const std::vector<std::string>& levels) {
  std::string text;
  for (const std::string& level : levels) {
    if (&level != &levels.front()) text += '/';
    text += level;
  }
  return text.empty() ? "a" : text;
}

inline rc::Gen<std::string> name() {
  const auto level =
      rc::gen::element<std::string>("", "a", "b", "c", "$s", "longer than sixteen bytes");
  return rc::gen::map(rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(level)),
                      join);
}

inline rc::Gen<std::string> filter() {
  const auto level = rc::gen::weightedElement<std::string>({{1, ""},
                                                            {4, "a"},
                                                            {4, "b"},
                                                            {1, "c"},
                                                            {1, "$s"},
                                                            {1, "longer than sixteen bytes"},
                                                            {4, "+"}});
  const auto levels = rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(level));
  return rc::gen::map(rc::gen::pair(levels, rc::gen::inRange(0, 4)),
                      [](std::pair<std::vector<std::string>, int> made) {
                        if (made.second == 0) made.first.push_back("#");
                        return join(made.first);
                      });
}

}  // namespace topic::test
