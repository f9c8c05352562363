package admin

import "heimdall/providers/llm"

// hint says in a sentence what to do about an error of that kind.
func hint(kind llm.ErrorKind) string {
	switch kind {
	case llm.KindModelUnavailable, llm.KindModelUnknown:
		return "Check the model's name, and that a key of the provider may use it."
	case llm.KindInvalidRequest:
		return "Correct the request; the message names what the provider does not accept."
	case llm.KindCancelled:
		return "The client hung up before the answer was complete; raise its time-out if it should wait longer."
	case llm.KindModelBlocked, llm.KindProviderBlocked, llm.KindAccessDenied, llm.KindToolBlocked:
		return "A rule of this gateway forbids it; change the rule, or ask for something else."
	case llm.KindBudgetExceeded:
		return "Raise the budget, or wait until it starts again."
	case llm.KindRateLimited:
		return "Send fewer requests, or raise the limit in this gateway."
	case llm.KindAuthFailed:
		return "Check the key under Providers: the provider does not accept it."
	case llm.KindBilling:
		return "Check the account's balance and plan with the provider."
	case llm.KindProviderLimited:
		return "The provider limits this key; wait a little, send less at once, or add another key."
	case llm.KindOverloaded, llm.KindServerError:
		return "The provider has trouble; try again in a moment, or use another provider."
	case llm.KindTimeout:
		return "Try again, or raise the time-out in the provider's network settings."
	case llm.KindConnection:
		return "Check the network and the provider's base URL."
	case llm.KindNoCredentials:
		return "Give the provider a key that works and may use this model."
	case llm.KindDropped:
		return "Too many requests wait for this provider; raise its concurrency, or send fewer at once."
	case llm.KindTruncated:
		return "The provider broke the answer off; try again."
	case llm.KindInternal:
		return "This is a fault of the gateway; its own log has the details."
	case llm.KindOther:
		return "The message is the provider's own; its documentation says more."
	}
	return ""
}
