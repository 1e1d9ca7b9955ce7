#include "core/workflow/images.h"

#include <gtest/gtest.h>

#include "tests/support/fake_backend.h"

namespace batchite::workflow {
namespace {

Document image_of(const std::string& name) {  // "publisher/offer/sku"
  const std::size_t first = name.find('/'), second = name.find('/', first + 1);
  return {{"publisher", name.substr(0, first)},
          {"offer", name.substr(first + 1, second - first - 1)},
          {"sku", name.substr(second + 1)},
          {"version", "latest"}};
}

Document offered(const std::string& name, const std::string& agent, const std::string& end = "") {
  Document one = {{"imageReference", image_of(name)}, {"nodeAgentSKUId", agent}, {"osType", "linux"}};
  if (!end.empty()) one["batchSupportEndOfLife"] = end;
  return one;
}

std::string told(const Document& image, const std::string& agent) {
  testing::FakeBackend backend;
  backend.images = {offered("canonical/jammy/22", "u 22"),
                    offered("canonical/jammy/22-gen2", "u 22"),
                    offered("canonical/focal/20", "u 20", "2025-04-22T00:00:00Z"),
                    offered("canonical/noble/24", "u 24", "2029-01-01T00:00:00Z"),
                    offered("debian/debian-12/12", "d 12"),
                    offered("old/and-new/1", "u 22", "2020-01-01T00:00:00Z"),
                    offered("old/and-new/1", "u 24")};
  Client client(backend);
  const Document pool = {{"id", "p"},
                         {"virtualMachineConfiguration", {{"imageReference", image}, {"nodeAgentSKUId", agent}}}};
  try {
    return check_image(client, pool, *parse_iso8601("2026-01-01T00:00:00Z"));
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(ImagesTest, AreComparedWithWhatTheAccountOffers) {
  struct {
    const char *image, *agent, *expected;
  } const cases[] = {
      {"canonical/jammy/22", "u 22", ""},
      {"Canonical/Jammy/22", "U 22", ""},
      {"canonical/noble/24", "u 24", ""},
      {"old/and-new/1", "u 24", ""},
      {"canonical/jammy/22", "u 20",
       "image canonical/jammy/22 needs nodeAgentSKUId 'u 22', and the pool asks for 'u 20'"},
      {"canonical/jammy/23", "u 22",
       "the Batch account does not offer image canonical/jammy/23; nearest: canonical/jammy/22, "
       "canonical/jammy/22-gen2 "
       "(`batchite account list-supported-images -o json` lists all)"},
      {"debian/debian-11/11", "d 11",
       "the Batch account does not offer image debian/debian-11/11; nearest: debian/debian-12/12 (`batchite account "
       "list-supported-images -o json` lists all)"},
      {"nobody/x/y", "u 22",
       "the Batch account does not offer image nobody/x/y; nearest: canonical/focal/20, canonical/jammy/22, "
       "canonical/jammy/22-gen2, canonical/noble/24, debian/debian-12/12 and 1 more (`batchite account "
       "list-supported-images -o json` lists all)"},
      {"canonical/focal/20", "u 20",
       "Batch supports image canonical/focal/20 no longer, since 2025-04-22: the service may refuse new pools of it"},
  };
  for (const auto& [image, agent, expected] : cases) EXPECT_EQ(told(image_of(image), agent), expected) << image;
}

TEST(ImagesTest, OnesOwnAreNotLookedFor) {
  EXPECT_EQ(told({{"virtualMachineImageId", "/subscriptions/s/…"}}, "u 99"), "");
}

std::string told_of_size(const std::string& size, VmSizes known) {
  struct Sized : testing::FakeBackend {
    VmSizes vm_sizes() override { return sizes; }
    VmSizes sizes;
  } backend;
  backend.sizes = std::move(known);
  try {
    check_vm_size(backend, {{"id", "p"}, {"vmSize", size}, {"virtualMachineConfiguration", Document::object()}});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(VmSizesTest, AreComparedWithWhatThereIs) {
  const VmSizes known = {.names = {"Standard_A1_v2", "Standard_D2_v3", "Standard_D2s_v3", "Standard_D4s_v3",
                                   "Standard_D8s_v3", "Standard_F2s_v2"}};
  EXPECT_EQ(told_of_size("STANDARD_D2S_V3", known), "");
  EXPECT_EQ(told_of_size("Standard_D3s_v3", known),
            "Batch has no machines of size 'Standard_D3s_v3' in the account's region; nearest: Standard_D2s_v3, "
            "Standard_D4s_v3, Standard_D8s_v3, Standard_D2_v3, Standard_F2s_v2");
  EXPECT_EQ(told_of_size("Standard_D3s_v3", {.unknown_because = "nobody says"}), "");
}

}  // namespace
}  // namespace batchite::workflow
