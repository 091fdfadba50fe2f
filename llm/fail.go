package llm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// fail makes an Error; the key is cut out of whatever the server sent back.
func (c *Client) fail(status int, msg string, cause error) *Error {
	return &Error{Endpoint: c.shown, Status: status, msg: c.clean(msg), err: c.bare(cause)}
}

func (c *Client) clean(s string) string {
	if c.key != "" {
		s = strings.ReplaceAll(s, c.key, "***")
	}
	return s
}

// bare drops a cause whose text would show the key or the URL's query to
// whoever prints the chain.
func (c *Client) bare(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) {
			break
		}
		err = u.Err
	}
	if err != nil && c.key != "" && strings.Contains(err.Error(), c.key) {
		return nil
	}
	return err
}

// broken explains an error of the connection.
func (c *Client) broken(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		var late *timeout
		if errors.As(cause, &late) {
			return c.fail(0, late.Error(), ErrTimeout)
		}
		return fmt.Errorf("llm: %s: %w", c.shown, cause)
	}
	err = c.bare(err)
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		head tls.RecordHeaderError
		nerr net.Error
	)
	e := c.fail(0, "", err)
	e.again = true
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		e.msg, e.again = "no such host; check the URL", false
	case errors.As(err, &cert):
		e.msg, e.again = "its certificate is not trusted: "+c.clean(cert.Err.Error()), false
	case errors.As(err, &head):
		e.msg, e.again = "does not speak TLS; try http:// instead of https://", false
	case errors.As(err, &nerr) && nerr.Timeout():
		e.msg, e.err = "cannot connect in time; is the server up?", ErrTimeout
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		e.msg = "the connection broke off before the end of the answer; ask again"
	default:
		e.msg = "cannot reach it, is the server up? (" + c.clean(oneLine(fmt.Sprint(err))) + ")"
	}
	return e
}

// refused explains an answer other than 200.
func (c *Client) refused(res *http.Response) error {
	raw, _ := io.ReadAll(io.LimitReader(res.Body, maxError))
	var a answer
	said := ""
	if json.Unmarshal(raw, &a) == nil && len(a.Error) > 0 {
		said = c.errorText(a.Error)
	} else {
		said = c.errorText(raw)
	}
	if said == "" {
		said = c.excerpt(raw)
	}
	hint := ""
	again := false
	switch s := res.StatusCode; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		hint = "set $TAMIS_LLM_KEY to a key it accepts"
		if c.key == "" {
			hint = "no key was sent: set $TAMIS_LLM_KEY"
		}
	case s == http.StatusNotFound || s == http.StatusMethodNotAllowed:
		hint = "check the URL and the model's name; a whole URL ends in /chat/completions"
	case s == http.StatusTooManyRequests:
		hint, again = "too many requests; wait, or use another model", true
		if strings.Contains(string(raw), "insufficient_quota") {
			hint, again = "the account's quota is used up", false
		}
	case s == http.StatusRequestEntityTooLarge:
		hint = "the question and its context are too long for it; use a smaller --budget"
	case s == http.StatusRequestTimeout || s >= 500:
		hint, again = "the server is in trouble; try again later", true
	case s >= 300 && s < 400:
		hint = "it redirects, which is not followed; name the address that it redirects to"
		if to, err := res.Location(); err == nil && (to.Scheme == "http" || to.Scheme == "https") && to.Host != "" {
			to.RawQuery, to.User = "", nil
			hint = "it redirects, which is not followed; use " + to.String()
		}
	}
	msg := "status " + strconv.Itoa(res.StatusCode)
	if said != "" {
		msg += ": " + said
	}
	if hint != "" {
		msg += " (" + hint + ")"
	}
	e := c.fail(res.StatusCode, msg, nil)
	e.again, e.after = again, retryAfter(res.Header.Get("Retry-After"), time.Now())
	return e
}

// retryAfter reads the header: seconds or an HTTP date (RFC 9110, 10.2.3).
func retryAfter(h string, now time.Time) time.Duration {
	h = strings.TrimSpace(h)
	if s, err := strconv.ParseFloat(h, 64); err == nil && s > 0 {
		return time.Duration(min(s, 1e6) * float64(time.Second))
	}
	if t, err := http.ParseTime(h); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// errorText finds the message in the error objects that servers send: an object
// with message, detail or error, or a plain string. Empty when there is none.
func (c *Client) errorText(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return c.excerpt([]byte(s))
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	for _, k := range []string{"message", "detail", "error", "type"} {
		if v, ok := o[k]; ok && json.Unmarshal(v, &s) == nil && s != "" {
			return c.excerpt([]byte(s))
		}
	}
	return c.excerpt(raw)
}

// excerpt is the beginning of what a server sent, as one printable line. The key
// goes first, so that cutting cannot leave half of it.
func (c *Client) excerpt(raw []byte) string {
	const limit = 300
	s := c.clean(string(raw))
	cut := len(s) > limit
	if cut {
		s = s[:limit]
	}
	s = oneLine(s)
	if cut {
		s += " …"
	}
	return s
}

// oneLine folds white space and drops control bytes, which a terminal might obey.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || (r < ' ' && r != '\n' && r != '\t' && r != '\r') || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
