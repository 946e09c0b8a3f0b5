// Libraries that read foreign bytes call this wherever their code branches, for the programs under
// libFuzzer (edge_counters.cc). All others have nothing to count.
extern "C" void __sanitizer_cov_trace_pc();
extern "C" void __sanitizer_cov_trace_pc() {}
