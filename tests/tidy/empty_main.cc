// Linked with every object of one library, and with nothing that the library does not link itself.
int main() {}
