package otel

// Attributes of OpenTelemetry's conventions for generative AI (open-telemetry/semantic-conventions-genai, status
// Development, read November 2026) and of its stable ones (error, http, url, user_agent, session).
const (
	keyOperation      = "gen_ai.operation.name"
	keyProvider       = "gen_ai.provider.name"
	keyConversation   = "gen_ai.conversation.id"
	keyOutputType     = "gen_ai.output.type"
	keyRequestModel   = "gen_ai.request.model"
	keyStream         = "gen_ai.request.stream"
	keyMaxTokens      = "gen_ai.request.max_tokens"
	keyTemperature    = "gen_ai.request.temperature"
	keyTopP           = "gen_ai.request.top_p"
	keyTopK           = "gen_ai.request.top_k"
	keyStop           = "gen_ai.request.stop_sequences"
	keyPresence       = "gen_ai.request.presence_penalty"
	keyFrequency      = "gen_ai.request.frequency_penalty"
	keySeed           = "gen_ai.request.seed"
	keyChoices        = "gen_ai.request.choice.count"
	keyReasoningLevel = "gen_ai.request.reasoning.level"
	keyResponseID     = "gen_ai.response.id"
	keyResponseModel  = "gen_ai.response.model"
	keyFinishReasons  = "gen_ai.response.finish_reasons"
	keyFirstChunk     = "gen_ai.response.time_to_first_chunk" // seconds
	keyInputTokens    = "gen_ai.usage.input_tokens"
	keyOutputTokens   = "gen_ai.usage.output_tokens"
	keyCacheRead      = "gen_ai.usage.cache_read.input_tokens"
	keyCacheWrite     = "gen_ai.usage.cache_write.input_tokens"
	keyCacheCreation  = "gen_ai.usage.cache_creation.input_tokens" // its name until the middle of 2026
	keyReasoning      = "gen_ai.usage.reasoning.output_tokens"
	keyInputMessages  = "gen_ai.input.messages"
	keyOutputMessages = "gen_ai.output.messages"
	keyInstructions   = "gen_ai.system_instructions"
	keyTools          = "gen_ai.tool.definitions"
	keyTokenType      = "gen_ai.token.type"

	keyErrorType     = "error.type"
	keyHTTPMethod    = "http.request.method"
	keyHTTPStatus    = "http.response.status_code"
	keyRequestHeader = "http.request.header." // and the name in lower case
	keyPath          = "url.path"
	keyUserAgent     = "user_agent.original"
	keySession       = "session.id"
)

// Attributes of Bifrost's otel plugin (wire contract §7.4) that its dashboards ask for and the conventions do not have.
const (
	keySystem           = "gen_ai.system" // keyProvider's older name
	keyN                = "gen_ai.request.n"
	keyUser             = "gen_ai.request.user"
	keyParallelTools    = "gen_ai.request.parallel_tool_calls"
	keyMessageCount     = "gen_ai.request.message_count"
	keyLogprobs         = "gen_ai.request.logprobs"
	keyTopLogprobs      = "gen_ai.request.top_logprobs"
	keyReasoningEffort  = "gen_ai.request.reasoning_effort"
	keyToolChoiceType   = "gen_ai.request.tool_choice_type"
	keyToolChoiceName   = "gen_ai.request.tool_choice_name"
	keyRequestTools     = "gen_ai.request.tools"
	keyFormat           = "gen_ai.request.response_format"
	keyServiceTier      = "gen_ai.request.service_tier"
	keyFinishReason     = "gen_ai.response.finish_reason"
	keyCreated          = "gen_ai.response.created"
	keyObject           = "gen_ai.response.object"
	keyFirstToken       = "gen_ai.response.time_to_first_token" // nanoseconds
	keyPromptTokens     = "gen_ai.usage.prompt_tokens"
	keyCompletionTokens = "gen_ai.usage.completion_tokens"
	keyTotalTokens      = "gen_ai.usage.total_tokens"
	keyCost             = "gen_ai.usage.cost"
	keyPromptAudio      = "gen_ai.usage.prompt_token_details.audio_tokens"
	keyPromptImage      = "gen_ai.usage.prompt_token_details.image_tokens"
	keyPromptCacheRead  = "gen_ai.usage.prompt_token_details.cached_read_tokens"
	keyPromptCacheWrite = "gen_ai.usage.prompt_token_details.cached_write_tokens"
	keyOutputAudio      = "gen_ai.usage.completion_token_details.audio_tokens"
	keyOutputImage      = "gen_ai.usage.completion_token_details.image_tokens"
	keyOutputReasoning  = "gen_ai.usage.completion_token_details.reasoning_tokens"
	keyRawRequest       = "gen_ai.raw_request"
	keyRawResponse      = "gen_ai.raw_response"
	keyGenAIError       = "gen_ai.error"
	keyGenAIErrorType   = "gen_ai.error.type"
	keyGenAIErrorCode   = "gen_ai.error.code"
	keyVirtualKeyID     = "gen_ai.virtual_key_id"
	keyVirtualKeyName   = "gen_ai.virtual_key_name"
	keySelectedKeyID    = "gen_ai.selected_key_id"
	keySelectedKeyName  = "gen_ai.selected_key_name"
	keyRuleID           = "gen_ai.routing_rule_id"
	keyRuleName         = "gen_ai.routing_rule_name"
	keyTeamID           = "gen_ai.team_id"
	keyTeamName         = "gen_ai.team_name"
	keyCustomerID       = "gen_ai.customer_id"
	keyCustomerName     = "gen_ai.customer_name"
	keyRetries          = "gen_ai.number_of_retries"
	keyFallback         = "gen_ai.fallback_index"
	keyDimension        = "gen_ai.dimension." // and the name
	keyPlugin           = "plugin.name"
)

// Attributes of our own.
const (
	keyRequestID   = "heimdall.request.id"        // the id of the request in the log
	keyParentID    = "heimdall.request.parent_id" // that of the request which it repeats
	keyApp         = "heimdall.app"
	keyCacheHit    = "heimdall.cache_hit"
	keyAttempt     = "heimdall.attempt"         // counts the calls of providers from 1
	keyContentLost = "heimdall.content_dropped" // what was said is missing because there was too much of it
)
