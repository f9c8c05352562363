package dialect

import "testing"

func TestCarried(t *testing.T) {
	for signature, want := range map[string]struct {
		owner string
		ok    bool
	}{
		"reasoning_item:rs_1:secret":  {"responses", true},
		"generate:c1:secret":          {"generate", true},
		"reasoning_detail:e30:secret": {"chat", true},
		"carried_thought:e30":         {"", true},
		"secret":                      {"", false},
		"":                            {"", false},
	} {
		if owner, ok := Carried(signature); owner != want.owner || ok != want.ok {
			t.Errorf("%s: %q, %v", signature, owner, ok)
		}
	}
}

func TestForeignIn(t *testing.T) {
	for body, want := range map[string]bool{
		`{"signature":"reasoning_item:a:b"}`:                        true,
		`{"signature": "generate:r0:b"}`:                            true,
		`{"x":"generate:","data" : "generate:c0:b"}`:                true,
		`{"signature":"own:a:b"}`:                                   false,
		`{"signature":"b","x":"generate:r0:b"}`:                     false,
		`{"text":"{\"signature\":\"generate:r0:b\"}"}`:              false,
		`{"my_signature":"generate:r0:b","text":"generate: do it"}`: false,
		`generate:`: false,
		``:          false,
	} {
		if got := ForeignIn("own", []byte(body), `"signature"`, `"data"`); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
	for body, want := range map[string]bool{
		`{"encrypted_content":"carried_thought:e30"}`:                                   true,
		`{"other_content":"carried_thought:e30"}`:                                       false,
		`{"my_encrypted_content":"x","encrypted_content" : "carried_thought:e30"}`:      true,
		`{"text":"_content\"","encrypted_content":"x","summary":"carried_thought:e30"}`: false,
		`_content":"carried_thought:e30"`:                                               false,
	} {
		if got := ForeignIn("own", []byte(body), `"encrypted_content"`); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
	if ForeignIn("generate", []byte(`{"signature":"generate:r0:b"}`), `"signature"`) {
		t.Error("a dialect's own mark is foreign to it")
	}
	body := []byte(`{"signature":"x","text":"generate: reasoning_item:"}`)
	if n := testing.AllocsPerRun(100, func() { ForeignIn("own", body, `"signature"`, `"data"`) }); n != 0 {
		t.Errorf("allocates %v times", n)
	}
}
