package admin

// FilterCheck is GET /api/logs/filter?q=…&cursor=…: what a filter means, and how it could go on at the cursor (a position
// in q in UTF-16 units, which is what pages count in; left out = its end).
type FilterCheck struct {
	Normal      string             `json:"normal"`   // the filter as it is written at its shortest; "" = it selects everything
	Sentence    string             `json:"sentence"` // the same in English
	Expression  *FilterNode        `json:"expression"`
	Error       *FilterError       `json:"error"`
	Completions []FilterCompletion `json:"completions"`
}

// FilterNode is one node of a filter: and, or and not have parts, a term has the rest.
type FilterNode struct {
	Kind   string        `json:"kind" tstype:"'and' | 'or' | 'not' | 'term'"`
	Parts  []FilterNode  `json:"parts,omitempty"`
	Field  string        `json:"field,omitempty"`
	Key    string        `json:"key,omitempty"` // of meta.<key>
	Op     string        `json:"op,omitempty"`
	Values []FilterValue `json:"values,omitempty"`
	Type   string        `json:"type,omitempty"` // text, choice, status, flag, count, bytes, duration, money, time or words
}

// FilterValue is what a field is compared with; Number is in the unit of its type: milliseconds, US dollars, bytes.
type FilterValue struct {
	Text   string  `json:"text"`
	Number float64 `json:"number"`
}

// FilterError says what is wrong with a filter, from where (UTF-16 units) and how long. Repair is the whole filter mended,
// "" where nobody can tell.
type FilterError struct {
	Column  int    `json:"column"`
	Length  int    `json:"length"`
	Message string `json:"message"`
	Repair  string `json:"repair,omitempty"`
}

// FilterCompletion puts Insert in the place of the units From to To.
type FilterCompletion struct {
	From   int    `json:"from"`
	To     int    `json:"to"`
	Insert string `json:"insert"`
	Label  string `json:"label"`
	Detail string `json:"detail,omitempty"`
	Count  int64  `json:"count,omitempty"` // requests that have this value, where it was seen
}

// LogView is a filter under a name. Key is the number key that opens it, 0 = none.
type LogView struct {
	Name   string `json:"name"`
	Filter string `json:"filter"`
	Key    int    `json:"key"`
}

// LogViews is GET and PUT /api/logs/views.
type LogViews struct {
	Views []LogView `json:"views"`
}

// Facet is one value that a field has in the log.
type Facet struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// FilterData is GET /api/logs/filterdata?dimensions=…: values that fields have, the most frequent first; only what was
// asked for is there, all dimensions where nothing was.
type FilterData struct {
	Models         []string `json:"models,omitempty"`
	Aliases        []string `json:"aliases,omitempty"`
	Providers      []string `json:"providers,omitempty"`
	StopReasons    []string `json:"stop_reasons,omitempty"`
	Apps           []string `json:"apps,omitempty"`
	UserAgents     []string `json:"user_agents,omitempty"`
	RoutingEngines []string `json:"routing_engines,omitempty"`
	MetadataKeys   []string `json:"metadata_keys,omitempty"`
	Keys           []Facet  `json:"selected_keys,omitempty"`
	VirtualKeys    []Facet  `json:"virtual_keys,omitempty"`
	RoutingRules   []Facet  `json:"routing_rules,omitempty"`
	Teams          []Facet  `json:"teams,omitempty"`
	Customers      []Facet  `json:"customers,omitempty"`
	Users          []Facet  `json:"users,omitempty"`
	BusinessUnits  []Facet  `json:"business_units,omitempty"`
}

// AppName gives the programs whose User-Agent matches the pattern, where each * stands for any characters, a name.
type AppName struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	App     string `json:"app"`
}

// AppNames is GET /api/logs/user-agent-mappings; the first pattern that matches counts.
type AppNames struct {
	Mappings []AppName `json:"mappings"`
	Total    int       `json:"total"`
}

// AppNameAnswer answers a change of one.
type AppNameAnswer struct {
	Message string  `json:"message,omitempty"`
	Mapping AppName `json:"mapping"`
}
