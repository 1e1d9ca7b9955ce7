// The Blob service's error codes with its own sentences (also its spelling mistakes).
// Source: learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and recordings of the service.
#pragma once
#include "core/base/error.h"

namespace batchite::blob_errors {

inline constexpr ErrorCode kAuthenticationFailed{403, "AuthenticationFailed",
                                                 "Server failed to authenticate the request. Make sure the value of "
                                                 "Authorization header is formed correctly including the signature."};
inline constexpr ErrorCode kNoAuthenticationInformation{
    401, "NoAuthenticationInformation",
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."};
inline constexpr ErrorCode kAuthorizationFailure{403, "AuthorizationFailure",
                                                 "This request is not authorized to perform this operation."};
inline constexpr ErrorCode kAuthorizationPermissionMismatch{
    403, "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission."};
inline constexpr ErrorCode kAuthorizationServiceMismatch{
    403, "AuthorizationServiceMismatch",
    "This request is not authorized to perform this operation using this service."};
inline constexpr ErrorCode kAuthorizationResourceTypeMismatch{
    403, "AuthorizationResourceTypeMismatch",
    "This request is not authorized to perform this operation using this resource type."};
inline constexpr ErrorCode kAuthorizationProtocolMismatch{
    403, "AuthorizationProtocolMismatch",
    "This request is not authorized to perform this operation using this protocol."};
inline constexpr ErrorCode kAuthorizationSourceIpMismatch{
    403, "AuthorizationSourceIPMismatch",
    "This request is not authorized to perform this operation using this source IP."};
inline constexpr ErrorCode kUnauthorizedBlobOverwrite{403, "UnauthorizedBlobOverwrite",
                                                      "This request is not authorized to perform blob overwrites."};

inline constexpr ErrorCode kBlobNotFound{404, "BlobNotFound", "The specified blob does not exist."};
inline constexpr ErrorCode kContainerNotFound{404, "ContainerNotFound", "The specified container does not exist."};
inline constexpr ErrorCode kResourceNotFound{404, "ResourceNotFound", "The specified resource does not exist."};
inline constexpr ErrorCode kContainerAlreadyExists{409, "ContainerAlreadyExists",
                                                   "The specified container already exists."};
inline constexpr ErrorCode kBlobAlreadyExists{409, "BlobAlreadyExists", "The specified blob already exists."};
inline constexpr ErrorCode kBlobIsSealed{409, "BlobIsSealed",
                                         "The blob is sealed and its contents cannot be modified."};
inline constexpr ErrorCode kBlobArchived{409, "BlobArchived", "This operation is not permitted on an archived blob."};
inline constexpr ErrorCode kNoPendingCopyOperation{409, "NoPendingCopyOperation",
                                                   "There is currently no pending copy operation."};
inline constexpr ErrorCode kInvalidBlobType{409, "InvalidBlobType", "The blob type is invalid for this operation."};
inline constexpr ErrorCode kSnapshotsPresent{409, "SnapshotsPresent",
                                             "This operation is not permitted while the blob has snapshots."};
inline constexpr ErrorCode kCommittedBlockCountExceedsLimit{
    409, "BlockCountExceedsLimit", "The committed block count cannot exceed the maximum limit of 50,000 blocks."};
inline constexpr ErrorCode kBlockCountExceedsLimit{
    409, "BlockCountExceedsLimit", "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks."};

inline constexpr ErrorCode kConditionNotMet{412, "ConditionNotMet",
                                            "The condition specified using HTTP conditional header(s) is not met."};
inline constexpr ErrorCode kNotModified{304, "ConditionNotMet",
                                        "The condition specified using HTTP conditional header(s) is not met."};
inline constexpr ErrorCode kAppendPositionConditionNotMet{412, "AppendPositionConditionNotMet",
                                                          "The append position condition specified was not met."};
inline constexpr ErrorCode kMaxBlobSizeConditionNotMet{412, "MaxBlobSizeConditionNotMet",
                                                       "The max blob size condition specified was not met."};
inline constexpr ErrorCode kSequenceNumberConditionNotMet{412, "SequenceNumberConditionNotMet",
                                                          "The sequence number condition specified was not met."};
inline constexpr ErrorCode kSourceConditionNotMet{
    412, "SourceConditionNotMet", "The source condition specified using HTTP conditional header(s) is not met."};
// Sentences of lease operations speak of blobs here; core/blob/lease.cc puts "container" where one is meant.
inline constexpr ErrorCode kLeaseAlreadyPresent{409, "LeaseAlreadyPresent", "There is already a lease present."};
inline constexpr ErrorCode kLeaseIdMismatchWithBlobOperation{
    412, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the blob."};
inline constexpr ErrorCode kLeaseIdMismatchWithContainerOperation{
    412, "LeaseIdMismatchWithContainerOperation",
    "The lease ID specified did not match the lease ID for the container."};
inline constexpr ErrorCode kLeaseIdMismatchWithLeaseOperation{
    409, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the blob."};
inline constexpr ErrorCode kLeaseIdMissing{
    412, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was specified in the request."};
inline constexpr ErrorCode kLeaseIsBreakingAndCannotBeAcquired{
    409, "LeaseIsBreakingAndCannotBeAcquired",
    "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken."};
inline constexpr ErrorCode kLeaseIsBreakingAndCannotBeChanged{
    409, "LeaseIsBreakingAndCannotBeChanged",
    "The lease ID matched, but the lease is currently in breaking state and cannot be changed."};
inline constexpr ErrorCode kLeaseIsBrokenAndCannotBeRenewed{
    409, "LeaseIsBrokenAndCannotBeRenewed",
    "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."};
inline constexpr ErrorCode kLeaseLost{412, "LeaseLost",
                                      "A lease ID was specified, but the lease for the blob has expired."};
inline constexpr ErrorCode kLeaseNotPresentWithBlobOperation{412, "LeaseNotPresentWithBlobOperation",
                                                             "There is currently no lease on the blob."};
inline constexpr ErrorCode kLeaseNotPresentWithContainerOperation{412, "LeaseNotPresentWithContainerOperation",
                                                                  "There is currently no lease on the container."};
inline constexpr ErrorCode kLeaseNotPresentWithLeaseOperation{409, "LeaseNotPresentWithLeaseOperation",
                                                              "There is currently no lease on the blob."};

inline constexpr ErrorCode kAccessTierNotSupportedForBlobType{400, "AccessTierNotSupportedForBlobType",
                                                              "The access tier is not supported for this blob type."};
inline constexpr ErrorCode kAllBatchSubRequestsShouldBeSameApi{400, "AllBatchSubRequestsShouldBeSameApi",
                                                               "All batch subrequests should be of the same API."};
inline constexpr ErrorCode kExceedsMaxBatchRequestCount{
    400, "ExceedsMaxBatchRequestCount", "The batch operation exceeds maximum number of allowed subrequests."};
inline constexpr ErrorCode kInvalidInput{400, "InvalidInput", "One of the request inputs is not valid."};
inline constexpr ErrorCode kBlockListTooLong{400, "BlockListTooLong",
                                             "The block list may not contain more than 50,000 blocks."};
inline constexpr ErrorCode kBothCrc64AndMd5HeaderPresent{
    400, "BothCrc64AndMd5HeaderPresent", "Both x-ms-content-crc64 header and Content-MD5 header are present."};
inline constexpr ErrorCode kUnsupportedXmlNode{400, "UnsupportedXmlNode",
                                               "One of the XML nodes specified in the request body is not supported."};
inline constexpr ErrorCode kCorsPreflightFailure{403, "CorsPreflightFailure",
                                                 "CORS not enabled or no matching rule found for this request."};
inline constexpr ErrorCode kConditionHeadersNotSupported{400, "ConditionHeadersNotSupported",
                                                         "Condition headers are not supported."};
inline constexpr ErrorCode kCrc64Mismatch{
    400, "Crc64Mismatch",
    "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server."};
inline constexpr ErrorCode kBothUserTagsAndSourceTagsCopyPresent{
    400, "BothUserTagsAndSourceTagsCopyPresentException",
    "Both user tags and the option to copy the tags of the source are present."};
inline constexpr ErrorCode kDuplicateTagNames{400, "DuplicateTagNames", "The tags specified contain duplicate names."};
inline constexpr ErrorCode kEmptyTagName{400, "EmptyTagName", "The name of one of the tag key-value pairs is empty."};
inline constexpr ErrorCode kInvalidTag{400, "InvalidTag",
                                       "The tags specified are invalid. They have characters that are not permitted."};
inline constexpr ErrorCode kTagsTooLarge{400, "TagsTooLarge",
                                         "The tags specified exceed the maximum permissible limit."};
inline constexpr ErrorCode kEmptyMetadataKey{400, "EmptyMetadataKey",
                                             "The key for one of the metadata key-value pairs is empty."};
inline constexpr ErrorCode kInvalidBlobOrBlock{400, "InvalidBlobOrBlock",
                                               "The specified blob or block content is invalid."};
inline constexpr ErrorCode kInvalidBlobTier{400, "InvalidBlobTier", "The specified blob tier is invalid."};
inline constexpr ErrorCode kInvalidBlockId{400, "InvalidBlockId",
                                           "The specified block ID is invalid. The block ID must be Base64-encoded."};
inline constexpr ErrorCode kInvalidBlockList{400, "InvalidBlockList", "The specified block list is invalid."};
inline constexpr ErrorCode kInvalidHeaderValue{400, "InvalidHeaderValue",
                                               "The value for one of the HTTP headers is not in the correct format."};
inline constexpr ErrorCode kInvalidMd5{
    400, "InvalidMd5",
    "The MD5 value specified in the request is invalid. The MD5 value must be 128 bits and "
    "Base64-encoded."};
inline constexpr ErrorCode kInvalidMetadata{
    400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted."};
inline constexpr ErrorCode kInvalidQueryParameterValue{
    400, "InvalidQueryParameterValue",
    "Value for one of the query parameters specified in the request URI is invalid."};
inline constexpr ErrorCode kInvalidResourceName{400, "InvalidResourceName",
                                                "The specifed resource name contains invalid characters."};
inline constexpr ErrorCode kInvalidUri{400, "InvalidUri",
                                       "The requested URI does not represent any resource on the server."};
inline constexpr ErrorCode kInvalidXmlDocument{400, "InvalidXmlDocument", "XML specified is not syntactically valid."};
inline constexpr ErrorCode kInvalidXmlNodeValue{400, "InvalidXmlNodeValue",
                                                "The value for one of the XML nodes is not in the correct format."};
inline constexpr ErrorCode kMd5Mismatch{
    400, "Md5Mismatch",
    "The MD5 value specified in the request did not match with the MD5 value calculated by the server."};
inline constexpr ErrorCode kMetadataTooLarge{400, "MetadataTooLarge",
                                             "The size of the specified metadata exceeds the maximum size permitted."};
inline constexpr ErrorCode kMissingRequiredHeader{400, "MissingRequiredHeader",
                                                  "An HTTP header that's mandatory for this request is not specified."};
inline constexpr ErrorCode kMissingRequiredQueryParameter{
    400, "MissingRequiredQueryParameter", "A required query parameter was not specified for this request."};
inline constexpr ErrorCode kMultipleConditionHeadersNotSupported{400, "MultipleConditionHeadersNotSupported",
                                                                 "Multiple condition headers are not supported."};
inline constexpr ErrorCode kOutOfRangeInput{400, "OutOfRangeInput", "One of the request inputs is out of range."};
inline constexpr ErrorCode kResourceNameLength{
    400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits."};
inline constexpr ErrorCode kOutOfRangeQueryParameterValue{
    400, "OutOfRangeQueryParameterValue",
    "One of the query parameters specified in the request URI is outside the permissible range."};
inline constexpr ErrorCode kUnsatisfiableCondition{
    400, "UnsatisfiableCondition", "The request includes an unsatisfiable condition for this operation."};
inline constexpr ErrorCode kUnsupportedHeader{400, "UnsupportedHeader",
                                              "One of the HTTP headers specified in the request is not supported."};
inline constexpr ErrorCode kUnsupportedQueryParameter{
    400, "UnsupportedQueryParameter", "One of the query parameters specified in the request URI is not supported."};
inline constexpr ErrorCode kUnsupportedHttpVerb{405, "UnsupportedHttpVerb",
                                                "The resource doesn't support specified Http Verb."};
inline constexpr ErrorCode kRequestBodyTooLarge{
    413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."};
inline constexpr ErrorCode kInvalidPageRange{416, "InvalidPageRange", "The page range specified is invalid."};
inline constexpr ErrorCode kInvalidRange{416, "InvalidRange",
                                         "The range specified is invalid for the current size of the resource."};

inline constexpr ErrorCode kInternalError{500, "InternalError",
                                          "The server encountered an internal error. Please retry the request."};
inline constexpr ErrorCode kCannotVerifyCopySource{500, "CannotVerifyCopySource",
                                                   "Could not verify the copy source within the specified time."};

}  // namespace batchite::blob_errors
