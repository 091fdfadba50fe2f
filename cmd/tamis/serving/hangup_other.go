//go:build !unix

package serving

// onHangup does nothing where there is no such signal.
func onHangup(func()) (stop func()) { return func() {} }
