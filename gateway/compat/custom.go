package compat

import (
	"fmt"
	"slices"

	"heimdall/gateway/config"
)

// requestTypes are the names of requests in allowed_requests and request_path_overrides. All are taken, so that one
// configuration serves every version; a request that this version does not know is refused when it comes.
var requestTypes = slices.Concat(
	[]string{"list_models", "count_tokens", "compaction", "embedding", "rerank", "ocr", "image_variation", "realtime", "websocket_responses"},
	streamed("text_completion", "chat_completion", "responses", "speech", "transcription", "image_generation", "image_edit", "passthrough"),
	stored,
	family("video", "generation", "retrieve", "download", "delete", "list", "remix"),
	family("batch", "create", "list", "retrieve", "cancel", "delete", "results"),
	family("file", "upload", "list", "retrieve", "delete", "content"),
	family("container", "create", "list", "retrieve", "delete"),
	family("container_file", "create", "list", "retrieve", "content", "delete"),
	family("cached_content", "create", "list", "retrieve", "update", "delete"),
)

// stored are the requests about answers that the provider keeps. They follow responses where none of them is set.
var stored = family("responses", "retrieve", "delete", "cancel", "input_items")

func streamed(names ...string) (out []string) {
	for _, n := range names {
		out = append(out, n, n+"_stream")
	}
	return out
}

func family(name string, verbs ...string) (out []string) {
	for _, v := range verbs {
		out = append(out, name+"_"+v)
	}
	return out
}

func custom(o *object) *config.Custom {
	c, given := o.child("custom_provider_config")
	if !given {
		return nil
	}
	e := &config.Custom{}
	if c == nil {
		return e
	}
	c.text("base_provider_type", &e.Base)
	c.truth("is_key_less", &e.Keyless)
	e.Allowed = allowedRequests(c)
	e.Paths = pathOverrides(c)
	c.skip("custom_provider_key")
	c.done()
	return e
}

// allowedRequests: absent means all, and where the object is there only what is true.
func allowedRequests(c *object) map[string]bool {
	o, _ := c.child("allowed_requests")
	if o == nil {
		return nil
	}
	allowed := map[string]bool{}
	for _, name := range sortedKeys(o.fields) {
		if on := false; known(o, name) && o.truth(name, &on) {
			allowed[name] = on
		}
	}
	set := func(name string) bool { _, ok := allowed[name]; return ok }
	if set("responses") && !slices.ContainsFunc(stored, set) {
		for _, name := range stored {
			allowed[name] = allowed["responses"]
		}
	}
	return allowed
}

func pathOverrides(c *object) map[string]string {
	o, _ := c.child("request_path_overrides")
	if o == nil {
		return nil
	}
	paths := map[string]string{}
	for _, name := range sortedKeys(o.fields) {
		if path := ""; known(o, name) && o.text(name, &path) && path != "" {
			paths[name] = path
		}
	}
	return paths
}

// known refuses a name that is no request's.
func known(o *object, name string) bool { return knownRequest(o, o.at(name), name) }

// knownRequest refuses a name, which stands at path, that is no request's.
func knownRequest(o *object, path, name string) bool {
	if slices.Contains(requestTypes, name) {
		return true
	}
	text := "is no known type of request"
	if near := nearest(name, requestTypes); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	o.unserved(path, "%s", text)
	return false
}
