//go:build !amd64 || purego

package simd

var bmi2, avx512 bool

func sumRowsAVX2(*uint16, int, *byte, *int, int, *uint16) uint16           { return 0 }
func sumRowsAVX512(*uint16, int, *byte, *int, int, *uint16) uint16         { return 0 }
func locateAVX2(*Ref, *byte, *byte, *byte, *uint32, int) int               { return 0 }
func locateAVX512(*Ref, *byte, *byte, *byte, *uint32, int) int             { return 0 }
func lowerAVX2(*uint16, *Ref, int, *byte, uint32, *byte, uint32, uint16)   {}
func lowerAVX512(*uint16, *Ref, int, *byte, uint32, *byte, uint32, uint16) {}
func spreadAVX2(*uint16, *uint16, *uint32, int)                            {}
func keepAVX2(*uint16, *uint32, int, uint16) int                           { return 0 }
func keepAVX512(*uint16, *uint32, int, uint16) int                         { return 0 }
func reachAVX2(*uint32, *uint16, int, uint16)                              {}
func approachAVX2(*Ref, int, *byte, uint32, *byte)                         {}
func pickAVX2(*byte, *Ref, int, *byte, *byte, uint32, *byte, uint32)       {}
func fetchAVX2(*byte, int)                                                 {}
func selectRangeAVX512(*uint32, *uint16, int, uint16, uint16) int          { return 0 }
