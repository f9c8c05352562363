package responses

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// out writes requests and answers.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
	box    toolbox
	answer bool            // it is an answer: its texts have all the lists that clients read
	made   bool            // an answer of another dialect: its items need ids and states
	typed  map[string]bool // ids of the calls with free text so far; their results are of a type of their own
}

// own writes the members that only this dialect knows.
func (o *out) own(x llm.Extra, except ...string) {
	if obj := x[name]; obj != nil {
		o.w.Members(obj, except...)
	}
}

// joins reports whether part p goes on with the item that part first begins.
func joins(first, p llm.Part) bool {
	switch {
	case said(first) && said(p):
		return dialect.Nested(p.Extra, name, itemMessage) == nil
	case first.Kind == llm.PartReasoning && p.Kind == llm.PartReasoning:
		return first.Extra[name] != nil && p.Extra[name] != nil && dialect.Nested(p.Extra, name, itemReasoning) == nil
	}
	return false
}

// items writes the parts of a turn, those of one item at a time.
func (o *out) items(parts []llm.Part, write func(group []llm.Part)) {
	for i := 0; i < len(parts); {
		n := i + 1
		for n < len(parts) && joins(parts[i], parts[n]) {
			n++
		}
		if o.writable(parts[i]) {
			o.w.Elem()
			write(parts[i:n])
		}
		i = n
	}
}

// writable reports whether a part of the assistant's can be an item or begin one, and warns where it cannot.
func (o *out) writable(p llm.Part) bool {
	switch p.Kind {
	case llm.PartText:
		return p.Text != "" || p.Extra[name] != nil || len(p.Citations) > 0 || o.answer && !o.made
	case llm.PartRefusal:
		return true
	case llm.PartReasoning:
		_, _, own := signed(p.Signature)
		if own || p.Extra[name] != nil && (o.answer || !carriedItem(p)) {
			return true
		}
		if o.answer {
			return p.Signature != "" || p.Text != ""
		}
		o.losses.Add(o.losses.Path("reasoning"), "only the provider that signed it can read it")
		return false
	case llm.PartCall:
		return p.Call != nil
	case llm.PartOpaque:
		if p.Extra[name] != nil {
			return true
		}
	case llm.PartMedia, llm.PartResult:
	}
	o.losses.Add(o.losses.Path("content"), "the responses dialect has no such part")
	return false
}

// item writes the item that a group of parts is.
func (o *out) item(group []llm.Part) { o.state(group, "", "") }

// state writes an item. Id and status are for those that have none of their own.
func (o *out) state(group []llm.Part, id, status string) {
	switch first := group[0]; {
	case said(first):
		o.said(group, id, status)
	case first.Kind == llm.PartReasoning:
		o.thought(group, id)
	case first.Kind == llm.PartCall:
		o.call(first, id, status)
	default:
		o.w.Raw(first.Extra[name])
	}
}

// head writes id and status where the members of an item's own have none.
func (o *out) head(own []byte, id, status string, except ...string) {
	if _, ok, _ := rawjson.Get(own, "id"); !ok && id != "" {
		o.w.StringField("id", id)
	}
	if _, ok, _ := rawjson.Get(own, "status"); !ok && status != "" {
		o.w.StringField("status", status)
	}
	if own != nil {
		o.w.Members(own, except...)
	}
}

func (o *out) said(group []llm.Part, id, status string) {
	w := &o.w
	w.Open('{')
	w.StringField("type", itemMessage)
	o.head(dialect.Nested(group[0].Extra, name, itemMessage), id, status)
	w.StringField("role", string(llm.RoleAssistant))
	w.Key("content")
	w.Open('[')
	for _, p := range group {
		o.part(p, typeOutput)
	}
	w.Close(']')
	w.Close('}')
}

func (o *out) thought(group []llm.Part, id string) {
	w := &o.w
	last := group[len(group)-1]
	own := dialect.Nested(group[0].Extra, name, itemReasoning)
	signer, encrypted, ours := signed(last.Signature)
	if ours && signer != "" && id == "" {
		id = signer
	}
	w.Open('{')
	w.StringField("type", itemReasoning)
	o.head(own, id, "")
	o.entries("summary", group, false)
	if has(group, true) {
		o.entries("content", group, true)
	}
	switch {
	case ours && member(own, "encrypted_content") == nil:
		w.StringField("encrypted_content", encrypted)
	case o.answer && !ours && (last.Signature != "" || last.Extra[name] == nil && !last.Redacted):
		w.StringField("encrypted_content", pack(last))
	}
	w.Close('}')
}

// inContent reports whether a thought stands in the content of its item, not in the summary.
func inContent(p llm.Part) bool { return dialect.Nested(p.Extra, name, "type") != nil }

func has(group []llm.Part, content bool) bool {
	for _, p := range group {
		if inContent(p) == content {
			return true
		}
	}
	return false
}

func (o *out) entries(key string, group []llm.Part, content bool) {
	w := &o.w
	w.Key(key)
	w.Open('[')
	for _, p := range group {
		if inContent(p) != content || p.Text == "" && (p.Redacted || p.Extra[name] == nil) {
			continue
		}
		w.Elem()
		w.Open('{')
		if !content {
			w.StringField("type", typeSummary)
		}
		w.StringField("text", p.Text)
		o.own(p.Extra, itemReasoning)
		w.Close('}')
	}
	w.Close(']')
}

// call writes a call. The tool that it names tells how clients want to hear of it.
func (o *out) call(p llm.Part, id, status string) {
	w := &o.w
	own := p.Extra[name]
	kind := dialect.Nested(p.Extra, name, "type")
	free := o.free(p)
	w.Open('{')
	if kind == nil {
		w.StringField("type", callType(free))
	}
	o.head(own, id, status, "name", toolNamespace)
	w.StringField("call_id", p.Call.ID)
	o.callName(p)
	switch {
	case free:
		if o.typed == nil {
			o.typed = map[string]bool{}
		}
		o.typed[p.Call.ID] = true
		w.StringField("input", freeInput(p.Call.Arguments))
	case p.Call.Arguments == "" && own == nil && status != statusRunning:
		w.StringField("arguments", noArguments)
	default:
		w.StringField("arguments", p.Call.Arguments)
	}
	w.Close('}')
	o.losses.Lost("tool_calls", p.Extra)
}

// callName writes the name of a tool as clients know it: within its namespace, which the call itself says, or the tool.
func (o *out) callName(p llm.Part) {
	space, title := dialect.Nested(p.Extra, name, toolNamespace), dialect.Nested(p.Extra, name, "name")
	if t := o.box[p.Call.Name]; title == nil {
		space, title = member(dialect.Nested(t.Extra, name, toolNamespace), "name"), dialect.Nested(t.Extra, name, "name")
	}
	if space == nil || title == nil {
		o.w.StringField("name", p.Call.Name)
		return
	}
	o.w.RawField(toolNamespace, space)
	o.w.RawField("name", title)
}

// free reports whether a part is a call with free text: it says so itself, or the tool that it names does.
func (o *out) free(p llm.Part) bool {
	if p.Kind != llm.PartCall {
		return false
	}
	return dialect.Nested(p.Extra, name, "type") != nil || p.Extra[name] == nil && custom(o.box[p.Call.Name])
}

func callType(free bool) string {
	if free {
		return itemCustom
	}
	return itemCall
}

// part writes the next element of a list of content; kind is the type of its texts.
func (o *out) part(p llm.Part, kind string) {
	w := &o.w
	switch {
	case p.Kind == llm.PartText:
		w.Elem()
		w.Open('{')
		w.StringField("type", kind)
		o.lists(p, kind)
		w.StringField("text", p.Text)
	case p.Kind == llm.PartRefusal:
		w.Elem()
		w.Open('{')
		w.StringField("type", typeRefusal)
		w.StringField("refusal", p.Text)
	case p.Kind == llm.PartMedia && p.Media != nil && !strings.HasPrefix(p.Media.MIME, "video/"):
		w.Elem()
		w.Open('{')
		o.media(p)
	case p.Kind == llm.PartOpaque && p.Extra[name] != nil:
		w.Elem()
		w.Raw(p.Extra[name])
		return
	default:
		o.losses.Add(o.losses.Path("content"), "the responses dialect has no such part")
		return
	}
	o.own(p.Extra, itemMessage)
	w.Close('}')
	o.losses.Lost("content", p.Extra)
}

// lists writes the lists of a text. Clients expect them at every one of an answer.
func (o *out) lists(p llm.Part, kind string) {
	if kind != typeOutput {
		o.uncited(p)
		return
	}
	if dialect.Nested(p.Extra, name, annotations) == nil && (o.answer || len(p.Citations) > 0) {
		o.w.RawField(annotations, listed(p.Citations))
	}
	if o.answer && dialect.Nested(p.Extra, name, "logprobs") == nil {
		o.w.RawField("logprobs", nothingListed)
	}
}

var nothingListed = []byte("[]")

// listed writes citations as the list of a text.
func listed(citations []llm.Citation) []byte {
	if len(citations) == 0 {
		return nothingListed
	}
	var w rawjson.Writer
	w.Open('[')
	for _, c := range citations {
		dialect.URLCitation(&w, c, 0, false)
	}
	w.Close(']')
	return w.B
}

func (o *out) uncited(p llm.Part) {
	if len(p.Citations) > 0 {
		o.losses.Uncited(o.losses.Path("content"))
	}
}

func (o *out) media(p llm.Part) {
	w, m := &o.w, p.Media
	image := strings.HasPrefix(m.MIME, "image/")
	switch {
	case strings.HasPrefix(m.MIME, "audio/") && m.Data != "":
		w.StringField("type", typeAudio)
		w.Key(typeAudio)
		w.Open('{')
		w.StringField("data", m.Data)
		w.StringField("format", audioFormat(m.MIME))
		if left := dialect.Nested(p.Extra, name, typeAudio); left != nil {
			w.Members(left)
		}
		w.Close('}')
	case image && m.Name == "":
		w.StringField("type", typeImage)
		if url := mediaURL(m); url != "" {
			w.StringField("image_url", url)
		}
		if m.FileID != "" {
			w.StringField("file_id", m.FileID)
		}
	default:
		o.file(p)
	}
	if len(p.Extra[name]) > 0 {
		return
	}
	if image && m.Name == "" {
		w.StringField("detail", "auto")
	}
}

func (o *out) file(p llm.Part) {
	w, m := &o.w, p.Media
	w.StringField("type", typeFile)
	switch {
	case m.Data != "":
		w.StringField("file_data", mediaURL(m))
	case m.URL != "":
		w.StringField("file_url", m.URL)
	}
	if m.FileID != "" {
		w.StringField("file_id", m.FileID)
	}
	switch {
	case m.Name != "":
		w.StringField("filename", m.Name)
	case m.Data != "" && p.Extra[name] == nil:
		w.StringField("filename", "document") // demanded here, unknown to dialects that only have the data
	}
}

func mediaURL(m *llm.Media) string {
	switch {
	case m.Data == "":
		return m.URL
	case m.MIME == "":
		return m.Data
	}
	return "data:" + m.MIME + ";base64," + m.Data
}
