package rawjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGet(t *testing.T) {
	for _, c := range []struct {
		in, path, want string
		found          bool
	}{
		{`{"a":1,"b":"x"}`, "b", `"x"`, true},
		{` { "a" : { "b" : [ 1 ] } } `, "a.b", `[ 1 ]`, true},
		{`{"a":1,"a":2}`, "a", `2`, true},
		{`{"mod\u0065l":"m"}`, "model", `"m"`, true},
		{`{"a":"say \"model\": \\"}`, "model", ``, false},
		{`{"a":[1]}`, "a.b", ``, false},
		{`{}`, "a", ``, false},
	} {
		got, found, err := Get([]byte(c.in), strings.Split(c.path, ".")...)
		if err != nil || string(got) != c.want || found != c.found {
			t.Errorf("Get(%s, %s) = %q, %v, %v", c.in, c.path, got, found, err)
		}
	}
}

func TestGetLast(t *testing.T) {
	pad := strings.Repeat("x", 3*tails[1])
	for _, c := range []struct {
		in, want string
		found    bool
	}{
		{`{"a":"` + pad + `","usage":{"n":1},"z":[{}]}`, `{"n":1}`, true},
		{`{"usage":{"n":1},"a":"` + pad + `"}`, `{"n":1}`, true},
		{`{"usage":{"n":1},"a":{"usage":2}}`, `{"n":1}`, true},
		{`{"usage":3,"a":"{\"usage\":2}"}`, `3`, true},
		{`{"usage":3,"a":["usage"]}`, `3`, true},
		{`{"usage":3,"not \"usage":4}`, `3`, true},
		{`{"a":"` + pad + `"}`, ``, false},
	} {
		got, found, err := GetLast([]byte(c.in), "usage")
		if err != nil || string(got) != c.want || found != c.found {
			t.Errorf("GetLast(%.40s…) = %q, %v, %v", c.in, got, found, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		in     string
		offset int
	}{
		{``, 0}, {`[]`, 0}, {`{"a" 1}`, 5}, {`{"a":1 "b":2}`, 7}, {`{"a":tru}`, 5}, {`{"a":"x}`, 8},
		{`{"a":[1}`, 8}, {`{"a":1} x`, 8}, {`{"a":01}`, 5}, {`{"a":1,}`, 7}, {`{a:1}`, 1},
	} {
		_, _, err := Get([]byte(c.in), "zz")
		var syntax *SyntaxError
		if c.in == `{"a":[1}` { // only the depth of a skipped value is watched
			err = Valid([]byte(c.in))
			c.offset = 7
		}
		if !errors.As(err, &syntax) || syntax.Offset != c.offset {
			t.Errorf("%s: %v, want an error at %d", c.in, err, c.offset)
		}
	}
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	if Valid([]byte(deep)) == nil {
		t.Error("Valid takes any depth")
	}
	if _, _, err := Get([]byte(`{"a":`+deep+`}`), "a"); err == nil {
		t.Error("Get takes any depth")
	}
}

func TestEdits(t *testing.T) {
	set := func(key, value string) func(string) (string, error) {
		return func(in string) (string, error) {
			out, err := Set([]byte("<"), []byte(in), key, []byte(value))
			return string(out[1:]), err
		}
	}
	rename := func(in string) (string, error) {
		out, err := Rename(nil, []byte(in), "a", "z")
		return string(out), err
	}
	drop := func(in string) (string, error) { out, err := Delete(nil, []byte(in), "a"); return string(out), err }
	add := func(in string) (string, error) {
		return string(AppendMembers(nil, []byte(in), Member{"k", []byte("1")}, Member{"l", []byte("2")})), nil
	}
	for _, c := range []struct {
		name     string
		edit     func(string) (string, error)
		in, want string
	}{
		{"set", set("a", "9"), "{ \"b\" : 1,\n \"a\":{} }\n", "{ \"b\" : 1,\n \"a\":9 }\n"},
		{"set all", set("a", "9"), `{"a":1,"b":2,"a":3}`, `{"a":9,"b":2,"a":9}`},
		{"set new", set("a", "9"), `{"b":2 }`, `{"b":2 ,"a":9}`},
		{"set in empty", set("a", "9"), `{}`, `{"a":9}`},
		{"rename", rename, `{"b":"a", "a" : 1}`, `{"b":"a", "z" : 1}`},
		{"rename absent", rename, `{"b":1}`, `{"b":1}`},
		{"delete first", drop, `{"a":1,"b":2}`, `{"b":2}`},
		{"delete middle", drop, `{"b":1, "a":1 ,"c":2}`, `{"b":1 ,"c":2}`},
		{"delete last", drop, `{"b":1,"a":1}`, `{"b":1}`},
		{"delete only", drop, `{"a":1}`, `{}`},
		{"delete all", drop, `{"a":1,"a":2,"b":3,"a":4}`, `{"b":3}`},
		{"delete pairs", drop, `{"a":1,"a":2}`, `{}`},
		{"append", add, "{\"x\":0 }\n", "{\"x\":0,\"k\":1,\"l\":2 }\n"},
		{"append to empty", add, `{ }`, `{"k":1,"l":2 }`},
	} {
		got, err := c.edit(c.in)
		if err != nil || got != c.want {
			t.Errorf("%s: %s gave %s (%v), want %s", c.name, c.in, got, err, c.want)
		}
	}
	if out, err := Set([]byte("keep"), []byte(`{"a":1,`), "a", []byte("2")); err == nil || string(out) != "keep" {
		t.Errorf("a failed Set left %q, %v", out, err)
	}
}

func TestStrings(t *testing.T) {
	for _, s := range []string{"", "plain", "q\" b\\ \n\r\t\x00\x1f é 😀 \u2028 </x>", "bad \xff utf", `\`, `"`} {
		quoted := AppendString(nil, s)
		var std string
		if err := json.Unmarshal(quoted, &std); err != nil {
			t.Fatalf("%q: %v", quoted, err)
		}
		got, err := Unquote(quoted)
		if err != nil || got != std {
			t.Errorf("%q: %q, %v", quoted, got, err)
		}
	}
	for _, in := range []string{`"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\n"`, `"\/\b\f"`, "\"\xff\""} {
		var want string
		if err := json.Unmarshal([]byte(in), &want); err != nil {
			t.Fatal(err)
		}
		if got, err := Unquote([]byte(in)); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{``, `"`, `x`, `"\x"`, `"\u12"`, `"a"b"`, `"\"`} {
		if got, err := Unquote([]byte(in)); err == nil {
			t.Errorf("%s: read as %q", in, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "-7": -7, "3.0": 3, "1e3": 1000, "9223372036854775807": 1<<63 - 1} {
		if got, ok := Int([]byte(in)); !ok || got != want {
			t.Errorf("%s: %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "-", "1.5", "true", `"1"`, "1e400", "99999999999999999999"} {
		if got, ok := Int([]byte(in)); ok {
			t.Errorf("%s: read as %d", in, got)
		}
	}
}

func TestWriter(t *testing.T) {
	var w Writer
	w.Open('{')
	w.StringField("s", "{")
	w.Key("a")
	w.Open('[')
	for i := range 2 {
		w.Elem()
		w.Int(int64(i))
	}
	w.Close(']')
	w.Members([]byte(`{"x":1, "y" : 2}`), "x")
	w.Key("f")
	w.Float(0.1)
	w.Close('}')
	if diff := cmp.Diff(`{"s":"{","a":[0,1],"y" : 2,"f":0.1}`, string(w.B)); diff != "" {
		t.Error(diff)
	}
}

func TestAllocations(t *testing.T) {
	body := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("hi \\n", 1000) + `"}],"model":"m","usage":{"n":1}}`)
	dst := make([]byte, 0, 2*len(body))
	value := []byte(`"n"`)
	for name, f := range map[string]func(){
		"Get":     func() { _, _, _ = Get(body, "model") },
		"GetLast": func() { _, _, _ = GetLast(body, "usage") },
		"Valid":   func() { _ = Valid(body) },
		"Set":     func() { _, _ = Set(dst, body, "model", value) },
		"Rename":  func() { _, _ = Rename(dst, body, "model", "m") },
		"Delete":  func() { _, _ = Delete(dst, body, "model") },
		"Append":  func() { AppendMembers(dst, body, Member{"k", value}) },
		"Int":     func() { Int(value[:0]) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 && name != "Int" {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = Set(nil, body, "model", value) }); n > 4 {
		t.Errorf("Set into nothing allocates %v times", n)
	}
}

func FuzzRawjson(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[{"c":"\u00e9\\"}],"a":2}`, `{"a":{}}`, `{}`, `[1,2]`, `{"b":"x","a":-1.5e3}`, `{"a"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		valid := Valid(in) == nil
		if std := json.Valid(in); std && !valid {
			t.Fatalf("refuses what is JSON: %q: %v", in, Valid(in))
		} else if valid && !std {
			t.Fatalf("takes what is no JSON: %q", in)
		}
		if !valid || !IsObject(in) {
			_, _ = Set(nil, in, "a", []byte("1"))
			_, _ = Delete(nil, in, "a")
			_, _, _ = GetLast(in, "a")
			return
		}
		var std map[string]json.RawMessage
		if err := json.Unmarshal(in, &std); err != nil {
			t.Fatal(err)
		}
		want, wantOK := std["a"]
		for name, get := range map[string]func() ([]byte, bool, error){
			"Get":     func() ([]byte, bool, error) { return Get(in, "a") },
			"GetLast": func() ([]byte, bool, error) { return GetLast(in, "a") },
		} {
			if got, ok, err := get(); err != nil || ok != wantOK || string(got) != string(want) {
				t.Fatalf("%s: %q, %v, %v, want %q", name, got, ok, err, want)
			}
		}
		for name, edit := range map[string]func() ([]byte, error){
			"set":    func() ([]byte, error) { return Set(nil, in, "a", []byte(`"new"`)) },
			"delete": func() ([]byte, error) { return Delete(nil, in, "a") },
			"rename": func() ([]byte, error) { return Rename(nil, in, "a", "zz") },
			"append": func() ([]byte, error) { return AppendMembers(nil, in, Member{"q", []byte("1")}), nil },
		} {
			out, err := edit()
			if err != nil || !json.Valid(out) {
				t.Fatalf("%s of %q gave %q, %v", name, in, out, err)
			}
			if _, ok, _ := Get(out, "a"); name == "delete" && ok {
				t.Fatalf("delete left it: %q", out)
			}
		}
	})
}
func TestHead(t *testing.T) {
	for in, want := range map[string]string{` {"a":[1]} , x`: `{"a":[1]}`, `"a\"b"]`: `"a\"b"`, `12,`: `12`, `{"a":`: ``, ``: ``} {
		if got, err := Head([]byte(in)); string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}
