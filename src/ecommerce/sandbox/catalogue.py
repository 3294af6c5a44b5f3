"""What the sandbox's shop sells, so that a new shop is not an empty one: tea, coffee, kitchen."""

from __future__ import annotations

from typing import Final

from ecommerce.kernel import Value


class Article(Value, frozen=True):
    """A product, what one unit costs in pence, and how many of it are delivered."""

    sku: str
    name: str
    price: int
    stock: int


CATALOGUE: Final = (
    Article("COF-HOUSE-250", "House espresso, beans, 250 g", 895, 120),
    Article("COF-HOUSE-1000", "House espresso, beans, 1 kg", 2990, 60),
    Article("COF-SIDAMO-250", "Ethiopia Sidamo, beans, 250 g", 1090, 80),
    Article("COF-HUILA-250", "Colombia Huila, beans, 250 g", 990, 90),
    Article("COF-MANTIQ-250", "Brazil Mantiqueira, beans, 250 g", 940, 90),
    Article("COF-KIAMBU-250", "Kenya Kiambu AA, beans, 250 g", 1250, 3),
    Article("COF-DECAF-250", "Swiss Water decaf, beans, 250 g", 1050, 70),
    Article("COF-FILTER-250", "Filter blend, ground, 250 g", 870, 110),
    Article("TEA-BREAKFAST-125", "English breakfast, loose leaf, 125 g", 720, 150),
    Article("TEA-ASSAM-125", "Assam second flush, loose leaf, 125 g", 840, 100),
    Article("TEA-DARJEEL-100", "Darjeeling first flush, loose leaf, 100 g", 1480, 40),
    Article("TEA-EARLGREY-125", "Earl Grey with bergamot oil, loose leaf, 125 g", 790, 130),
    Article("TEA-LAPSANG-100", "Lapsang souchong, loose leaf, 100 g", 980, 45),
    Article("TEA-SENCHA-100", "Sencha from Kagoshima, loose leaf, 100 g", 1190, 60),
    Article("TEA-GENMAI-100", "Genmaicha with roasted rice, 100 g", 890, 55),
    Article("TEA-JASMINE-100", "Jasmine pearls, 100 g", 1350, 35),
    Article("TEA-OOLONG-75", "Alishan high mountain oolong, 75 g", 1690, 25),
    Article("TEA-ROOIBOS-125", "Rooibos, loose leaf, 125 g", 590, 90),
    Article("TEA-MINT-50", "Peppermint leaf, 50 g", 450, 100),
    Article("TEA-MATCHA-30", "Ceremonial matcha, tin of 30 g", 2350, 30),
    Article("POT-GLASS-600", "Glass teapot with strainer, 600 ml", 2490, 40),
    Article("POT-STONE-900", "Stoneware teapot, speckled grey, 900 ml", 3450, 25),
    Article("POT-TETSU-500", "Cast iron teapot, black, 500 ml", 4890, 15),
    Article("CUP-STONE-250", "Stoneware mug, speckled grey, 250 ml", 1290, 80),
    Article("CUP-ESPR-70-2", "Espresso cups, porcelain, 70 ml, set of 2", 1850, 50),
    Article("CUP-GLASS-350-2", "Double-walled glasses, 350 ml, set of 2", 2190, 45),
    Article("CUP-TRAVEL-340", "Travel mug, stainless steel, 340 ml", 2690, 60),
    Article("BREW-PRESS-1000", "French press, 1 litre", 3290, 40),
    Article("BREW-DRIP-02", "Pour-over dripper, ceramic, for 2 to 4 cups", 2290, 50),
    Article("BREW-FILTERS-100", "Paper filters for the dripper, pack of 100", 690, 200),
    Article("BREW-MOKA-3", "Moka pot, aluminium, 3 cups", 2790, 35),
    Article("BREW-COLD-1000", "Cold brew bottle, 1 litre", 2590, 30),
    Article("KET-GOOSE-900", "Gooseneck kettle, electric, 900 ml", 7990, 20),
    Article("KET-STOVE-2000", "Whistling stove kettle, 2 litres", 3990, 25),
    Article("GRIND-HAND-40", "Hand grinder with steel burrs", 8490, 18),
    Article("SCALE-3KG", "Kitchen scale with timer, 0.1 g to 3 kg", 4490, 30),
    Article("TIN-TEA-125", "Tea tin with inner lid, holds 125 g", 850, 140),
    Article("JAR-BEANS-500", "Storage jar for beans, airtight, 500 g", 1990, 65),
    Article("WHISK-MATCHA", "Bamboo whisk for matcha", 1690, 40),
    Article("FROTH-MILK", "Milk frother, hand-held", 1490, 55),
)
