"""Facts × rules → hits → verdict → result. Pure: nothing here opens, fetches or waits."""
