package messages

import "heimdall/providers/llm"

// turns writes messages as alternating turns.
type turns struct {
	*out
	role  string      // of the turn that is open, empty if none
	extra []llm.Extra // of the messages that the open turn is made of
}

func (t *turns) message(m llm.Message) {
	role := "user"
	switch m.Role {
	case llm.RoleAssistant:
		role = "assistant"
	case llm.RoleSystem, llm.RoleDeveloper:
		t.losses.Add(t.losses.Path("role"), "the messages dialect knows system text only at the start; it becomes a user turn")
	case llm.RoleUser, llm.RoleTool:
	}
	if m.Name != "" {
		t.losses.Add(t.losses.Path("name"), "the messages dialect does not name speakers")
	}
	parts := cached(m)
	for i := range parts {
		if t.writable(parts[i]) {
			t.open(role)
			t.block(parts[i])
		}
	}
	if m.Extra[name] != nil {
		t.open(role)
		t.extra = append(t.extra, m.Extra)
	}
	t.losses.Lost("", m.Extra)
}

// cached puts a cache_control of a whole message on its last part, where this dialect wants it.
func cached(m llm.Message) []llm.Part {
	cache := m.Extra[name]
	if cache == nil || len(m.Parts) == 0 || !onlyCache(cache) {
		return m.Parts
	}
	parts := append([]llm.Part(nil), m.Parts...)
	last := &parts[len(parts)-1]
	if last.Extra[name] != nil || last.Kind == llm.PartReasoning {
		return parts
	}
	extra := llm.Extra{name: cache}
	for k, v := range last.Extra {
		extra[k] = v
	}
	last.Extra = extra
	return parts
}

func (t *turns) open(role string) {
	if t.role == role {
		return
	}
	t.end()
	t.role = role
	t.w.Elem()
	t.w.Open('{')
	t.w.StringField("role", role)
	t.w.Key("content")
	t.w.Open('[')
}

func (t *turns) end() {
	if t.role == "" {
		return
	}
	t.w.Close(']')
	for _, x := range t.extra {
		if !onlyCache(x[name]) {
			t.own(x)
		}
	}
	t.w.Close('}')
	t.role, t.extra = "", nil
}
