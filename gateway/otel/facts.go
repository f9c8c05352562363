package otel

import (
	"path"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// operationOf names what was asked for by the word of the conventions, or by our own where they have none.
func operationOf(r *exchange.Record) string {
	switch {
	case r.Op == llm.OpEmbedding:
		return "embeddings"
	case r.Op != llm.OpChat:
		return string(r.Op)
	case r.Dialect == "completions":
		return "text_completion"
	case r.Dialect == "generate":
		return "generate_content"
	}
	return "chat"
}

// operation is what was asked, and of whom.
func (t *trace) operation(a *attributes) {
	r := &t.rec
	a.text(keyOperation, operationOf(r))
	if r.Provider != "" {
		a.text(keyProvider, t.provider(r.Provider))
		a.text(keySystem, r.Provider)
	}
	model := r.Model
	if model == "" {
		model = r.RequestedModel
	}
	a.text(keyRequestModel, model)
	if r.Stream {
		a.truth(keyStream, true)
	}
}

// caller is who asked and what the gateway decided.
func (t *trace) caller(a *attributes) {
	r, who := &t.rec, t.rec.Identity
	for _, one := range [...]struct{ key, value string }{
		{keyConversation, r.SessionID}, {keySession, r.SessionID},
		{keyVirtualKeyID, who.VirtualKeyID}, {keyVirtualKeyName, who.VirtualKeyName},
		{keyTeamID, who.TeamID}, {keyTeamName, who.TeamName}, {keyCustomerID, who.CustomerID}, {keyCustomerName, who.CustomerName},
		{keySelectedKeyID, r.KeyID}, {keySelectedKeyName, r.KeyName}, {keyRuleID, r.RuleID}, {keyRuleName, r.RuleName},
	} {
		a.text(one.key, one.value)
	}
	if len(r.Attempts) > 0 {
		a.integer(keyRetries, int64(r.Retries))
		a.integer(keyFallback, int64(r.Fallback))
	}
	for _, f := range r.Metadata {
		if value, ok := harmless(f.Name, f.Value); ok {
			a.text(keyDimension+f.Name, value)
		}
	}
}

// harmless gives a header field's value back unless it proves who somebody is.
func harmless(name, value string) (string, bool) {
	for _, v := range exchange.Lines(exchange.MaskHeader([]byte(name + ": " + value + "\r\n"))) {
		return v, v != exchange.Masked
	}
	return "", false
}

// patterns are names of header fields, in lower case, in which * stands for any part.
type patterns []string

func newPatterns(names []string) (p patterns) {
	for _, n := range names {
		p = append(p, strings.ToLower(n))
	}
	return p
}

func (p patterns) match(name string) bool {
	for _, one := range p {
		if ok, err := path.Match(one, name); ok && err == nil {
			return true
		}
	}
	return false
}

func (t *trace) requestHeaders(a *attributes) {
	if len(t.headers) == 0 {
		return
	}
	for name, value := range exchange.Lines(exchange.MaskHeader(t.rec.Header)) {
		name = strings.ToLower(name)
		if value != exchange.Masked && t.headers.match(name) {
			a.texts(keyRequestHeader+name, []string{value})
		}
	}
}

// failure is what went wrong.
func (t *trace) failure(a *attributes) {
	e := t.rec.Error
	if e == nil {
		return
	}
	a.text(keyErrorType, string(e.Kind))
	a.text(keyGenAIError, e.Message)
	kind := e.Type
	if kind == "" {
		kind = string(e.Kind)
	}
	a.text(keyGenAIErrorType, kind)
	a.text(keyGenAIErrorCode, e.Code)
}

// parameters are the knobs of the call.
func (t *trace) parameters(a *attributes) {
	if t.req == nil {
		return
	}
	p := t.req.Params
	given(p.MaxTokens, a.integer, keyMaxTokens)
	given(p.Temperature, a.number, keyTemperature)
	given(p.TopP, a.number, keyTopP)
	given(p.TopK, a.integer, keyTopK)
	given(p.PresencePenalty, a.number, keyPresence)
	given(p.FrequencyPenalty, a.number, keyFrequency)
	given(p.Seed, a.integer, keySeed)
	given(p.N, a.integer, keyN, keyChoices)
	given(p.Logprobs, a.truth, keyLogprobs)
	given(p.TopLogprobs, a.integer, keyTopLogprobs)
	given(t.req.Choice.Parallel, a.truth, keyParallelTools)
	a.texts(keyStop, p.Stop)
	a.text(keyUser, p.User)
	a.text(keyServiceTier, p.ServiceTier)
	a.text(keyToolChoiceType, t.req.Choice.Mode)
	a.text(keyToolChoiceName, t.req.Choice.Name)
	if r := p.Reasoning; r != nil {
		a.text(keyReasoningEffort, r.Effort)
		a.text(keyReasoningLevel, r.Effort)
	}
	if f := p.Format; f != nil {
		a.text(keyFormat, f.Type)
		a.text(keyOutputType, map[bool]string{true: "json", false: "text"}[strings.HasPrefix(f.Type, "json")])
	}
	a.count(keyMessageCount, int64(len(t.req.Messages)))
	if t.profile.NoContent {
		return
	}
	var names []string
	for _, one := range t.req.Tools {
		if one.Name != "" {
			names = append(names, one.Name)
		}
	}
	a.texts(keyRequestTools, names)
}

// response is what came back, but for what was said.
func (t *trace) response(a *attributes) {
	r := &t.rec
	a.text(keyObject, r.Object())
	if t.resp != nil {
		a.text(keyResponseID, t.resp.ID)
		a.text(keyResponseModel, t.resp.Model)
		a.count(keyCreated, t.resp.Created)
	}
	if r.Finish.Reason != "" {
		a.texts(keyFinishReasons, []string{finish(r.Finish)})
		a.text(keyFinishReason, r.Finish.Reason)
	}
	if r.Stream && r.TTFT > 0 {
		a.number(keyFirstChunk, r.TTFT.Seconds())
		a.integer(keyFirstToken, r.TTFT.Nanoseconds())
	}
}

func (t *trace) usage(a *attributes) {
	r := &t.rec
	if r.HasUsage {
		u := r.Usage
		a.integer(keyInputTokens, u.Input)
		a.integer(keyPromptTokens, u.Input)
		a.integer(keyOutputTokens, u.Output)
		a.integer(keyCompletionTokens, u.Output)
		a.integer(keyTotalTokens, u.Input+u.Output)
		for _, one := range [...]struct {
			n    int64
			keys []string
		}{
			{u.CacheRead, []string{keyCacheRead, keyPromptCacheRead}},
			{u.CacheWrite, []string{keyCacheWrite, keyCacheCreation, keyPromptCacheWrite}},
			{u.Reasoning, []string{keyReasoning, keyOutputReasoning}},
			{u.InputAudio, []string{keyPromptAudio}}, {u.InputImage, []string{keyPromptImage}},
			{u.OutputAudio, []string{keyOutputAudio}}, {u.OutputImage, []string{keyOutputImage}},
		} {
			for _, key := range one.keys {
				a.count(key, one.n)
			}
		}
	}
	if r.Cost.Known {
		a.number(keyCost, r.Cost.Total)
	}
}
