#include "emulator/arm/arm_endpoint.h"

#include <charconv>

#include "core/base/encoding.h"
#include "core/base/ids.h"
#include "core/base/query.h"
#include "core/contract/error_codes.h"
#include "emulator/arm/arm_documents.h"
#include "emulator/arm/arm_routes.h"
#include "emulator/arm/vm_sizes.h"
#include "emulator/batch/decode.h"
#include "emulator/request_id.h"

namespace batchite::arm {
namespace {

constexpr std::string_view kRoot = "/subscriptions";
constexpr auto kUploadTime = std::chrono::hours(4);  // for which a package's storageUrl is good
constexpr std::size_t kMostBody = 64 * 1024;
// Where lists over resource groups find the account.
constexpr const char* kGroup = "batchite";

http::Response json(unsigned status, const Document& document) {
  http::Response response{.status = status};
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.headers.add("Cache-Control", "no-cache");
  if (const Document* tag = Reader(document).find("etag")) response.headers.add("ETag", tag->get<std::string>());
  response.body = document.dump();
  return response;
}

http::Response refusal(const Error& error, const http::Request& request, const std::string& id, Time now) {
  Document told = {{"code", error.code()},
                   {"message", error.message() + "\nRequestId:" + id + "\nTime:" + iso8601(now)},
                   {"target", "BatchAccount"}};
  for (const auto& [key, value] : error.values()) told["details"].push_back({{"code", key}, {"message", value}});
  http::Response response = json(error.status(), {{"error", std::move(told)}});
  if (error.status() == 401) {
    response.headers.add("WWW-Authenticate",
                         "Bearer authorization_uri=\"" + request.base + "/common\", error=\"invalid_token\"");
  }
  return response;
}

Document body_of(const http::Request& request) {
  if (!request.has_body) return Document::object();
  Document body = Document::parse(batch::read_body(request, kMostBody), nullptr, false);
  if (body.is_null()) return Document::object();
  if (!body.is_object()) throw Error(400, "InvalidRequestContent", "The request content is no JSON object.");
  // Versions until 2018 had the properties at the top.
  return Reader(body).has("properties") && body["properties"].is_object() ? body["properties"] : body;
}

// One request, past the door.
class Answer {
 public:
  Answer(Backend& backend, const ArmOptions& options, const http::Request& request, const Parameters& query)
      : backend_(backend), options_(options), request_(request), query_(query) {}

  http::Response to(ArmRoute route) {
    names_ = std::move(route.names);
    if (!names_.account.empty() && !same_id(names_.account, options_.account.name)) {
      throw Error(404, "ResourceNotFound",
                  "The Resource 'Microsoft.Batch/batchAccounts/" + names_.account + "' under resource group '" +
                      names_.group + "' was not found; the account here is " + options_.account.name + ".");
    }
    switch (route.operation) {
      case ArmOperation::ListSubscriptions:
        return list(Document::array({subscription("00000000-0000-0000-0000-000000000000")}));
      case ArmOperation::GetSubscription:
        return json(200, subscription(names_.subscription));
      case ArmOperation::ListAccounts:
        names_.account = options_.account.name;
        if (names_.group.empty()) names_.group = kGroup;
        return list(Document::array({account()}));
      case ArmOperation::GetAccount:
        return json(200, account());
      case ArmOperation::ListKeys:
        return json(200, keys());
      case ArmOperation::ListVmSizes:
        return vm_sizes();
      case ArmOperation::ListApplications:
      case ArmOperation::GetApplication:
      case ArmOperation::PutApplication:
      case ArmOperation::PatchApplication:
      case ArmOperation::DeleteApplication:
        return applications(route.operation);
      default:
        return packages(route.operation);
    }
  }

 private:
  static Document subscription(const std::string& id) {
    return {{"id", "/subscriptions/" + id},
            {"subscriptionId", id},
            {"tenantId", "00000000-0000-0000-0000-000000000000"},
            {"displayName", "Batchite"},
            {"state", "Enabled"}};
  }
  Document account() const {
    return account_document(names_, request_.base.substr(request_.base.find("://") + 3), backend_.storage_account());
  }
  Document keys() const {
    const std::vector<std::string>& all = options_.account.keys;
    return {{"accountName", options_.account.name},
            {"primary", all.empty() ? "" : all.front()},
            {"secondary", all.empty() ? "" : all.back()}};
  }

  // A page of it: from where $skiptoken says, as many as maxresults allows.
  http::Response list(const Document& all) const {
    const std::size_t from = number("$skiptoken", 0), most = std::max<std::size_t>(number("maxresults", all.size()), 1);
    Document page = {{"value", Document::array()}};
    for (std::size_t i = from; i < all.size() && i < from + most; ++i) page["value"].push_back(all[i]);
    if (from + most < all.size()) {
      page["nextLink"] = request_.base + request_.path + "?api-version=" + percent_encode(query_.get("api-version")) +
                         "&maxresults=" + std::to_string(most) + "&$skiptoken=" + std::to_string(from + most);
    }
    return json(200, page);
  }
  std::size_t number(const char* name, std::size_t fallback) const {
    const std::string text = query_.get(name);
    std::size_t value = fallback;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  // Of the backend, if it knows; pools here take these and any others.
  http::Response vm_sizes() const {
    if (!query_.get("$filter").empty()) {
      throw Error(501, "NotImplemented", "The sizes of machines are not filtered here; ask for all of them.");
    }
    Document all = Document::array();
    const VmSizes known = backend_.vm_sizes();
    for (const std::string& name : known.names.empty() ? usual_vm_sizes() : known.names) {
      all.push_back(vm_size_document(name));
    }
    return list(all);
  }

  Document manage(Management action) const {
    ManagementCall call{action, names_.application, names_.version};
    if (request_.method != "GET" && request_.method != "DELETE") call.body = body_of(request_);
    return backend_.manage(call);
  }

  http::Response applications(ArmOperation operation) const {
    switch (operation) {
      case ArmOperation::ListApplications: {
        Document all = Document::array();
        for (const Document& one : manage(Management::ListApplications)) {
          all.push_back(application_document(names_, one));
        }
        return list(all);
      }
      case ArmOperation::GetApplication:
        return json(200, application_document(names_, manage(Management::GetApplication)));
      case ArmOperation::PutApplication:
        return json(200, application_document(names_, manage(Management::PutApplication)));
      case ArmOperation::PatchApplication:
        return json(200, application_document(names_, manage(Management::PatchApplication)));
      default:
        return gone(manage(Management::DeleteApplication));
    }
  }

  http::Response packages(ArmOperation operation) const {
    switch (operation) {
      case ArmOperation::ListPackages: {
        Document all = Document::array();
        const Document application = manage(Management::GetApplication);
        for (const Document& one : application.at("packages")) all.push_back(package(one));
        return list(all);
      }
      case ArmOperation::GetPackage:
        return json(200, package(manage(Management::GetPackage)));
      case ArmOperation::PutPackage:
        return json(200, package(manage(Management::PutPackage)));
      case ArmOperation::ActivatePackage:
        return json(200, package(manage(Management::ActivatePackage)));
      default:
        return gone(manage(Management::DeletePackage));
    }
  }

  Document package(const Document& managed) const {
    StorageUrl storage{.url = {}, .expiry = options_.clock() + kUploadTime};
    storage.url = backend_.sas_url({.container = Reader(managed).text("container"),
                                    .blob = Reader(managed).text("blob"),
                                    .permissions = "rw",
                                    .expiry = storage.expiry});
    if (request_.headers.get("User-Agent").find("AZURECLI/") != std::string::npos) {
      storage.url = host_style(storage.url);
    }
    return package_document(names_, managed, storage);
  }

  static http::Response gone(const Document& what) { return http::Response{.status = what.is_null() ? 204U : 200U}; }

  Backend& backend_;
  const ArmOptions& options_;
  const http::Request& request_;
  const Parameters& query_;
  ArmNames names_;
};

}  // namespace

bool ArmEndpoint::is_arm(std::string_view path) {
  return same_id(path.substr(0, kRoot.size()), kRoot) && (path.size() == kRoot.size() || path[kRoot.size()] == '/');
}

http::Response ArmEndpoint::handle(const http::Request& request) {
  const std::string id = new_request_id(options_.entropy);
  http::Response response;
  try {
    response = answer(request);
  } catch (const Error& error) {
    response = refusal(error, request, id, options_.clock());
  } catch (const std::exception& error) {
    options_.warn("request " + id + " (" + request.method + " " + request.path + ") failed: " + error.what());
    response = refusal(Error(errors::kInternalError), request, id, options_.clock());
  }
  response.headers.add("x-ms-request-id", id);
  response.headers.add("x-ms-correlation-request-id", id);
  if (const std::string* client = request.headers.find("x-ms-client-request-id")) {
    response.headers.add("x-ms-client-request-id", *client);
  }
  return response;
}

http::Response ArmEndpoint::answer(const http::Request& request) {
  const Parameters query = query_parameters(request.query);
  authenticator_.check_bearer(request);
  if (query.get("api-version").empty()) {
    throw Error(400, "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.");
  }
  return Answer(backend_, options_, request, query).to(find_route(request.method, request.path));
}

}  // namespace batchite::arm
